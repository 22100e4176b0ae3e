// Workflows: repositories, runs with their jobs, what a run leaves behind, and the queue with its runners.

import { call } from "./http";
import { PAGE_LIMIT_MAX, type Page } from "./pages";

/** Pages of jobs that are read at most: a matrix has up to 256 jobs. */
const JOB_PAGES_MAX = 20;

export interface Repository {
  readonly repositoryId: string;
  readonly owner: string;
  readonly name: string;
  readonly fullName: string;
  readonly defaultBranch: string;
  readonly cloneUrl: string;
  readonly pushedAt: string | null;
  readonly createdAt: string;
}

/** A secret: its value is never told. */
export interface SecretName {
  readonly name: string;
  readonly updatedAt: string;
}
export interface Variable {
  readonly name: string;
  readonly value: string;
  readonly updatedAt: string;
}

export type InputType = "string" | "number" | "boolean" | "choice" | "environment";

/** What a workflow asks for when it is run by hand. */
export interface DispatchInput {
  readonly name: string;
  readonly type: InputType;
  readonly description: string | null;
  readonly isRequired: boolean;
  readonly default: string | null;
  readonly options: readonly string[];
}
export interface FileProblem {
  readonly line: number | null;
  readonly message: string;
}
/** A workflow file of the default branch. */
export interface WorkflowFile {
  readonly file: string;
  readonly name: string;
  readonly problems: readonly FileProblem[];
  /** Null if it can't be run by hand. */
  readonly dispatch: { readonly inputs: readonly DispatchInput[] } | null;
  readonly lastRun: Run | null;
}

export type RunStatus = "waiting" | "queued" | "running" | "succeeded" | "failed" | "canceled" | "skipped";
export type JobStatus = RunStatus;

export interface Run {
  readonly runId: string;
  readonly repositoryId: string;
  readonly repository: string;
  readonly workflow: { readonly file: string; readonly name: string };
  readonly number: number;
  readonly attempt: number;
  readonly attempts: number;
  readonly title: string;
  readonly event: string;
  readonly ref: string;
  readonly branch: string | null;
  readonly headSha: string;
  readonly actor: string;
  readonly status: RunStatus;
  readonly why: string | null;
  readonly concurrencyGroup: string | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly jobCounts: Readonly<Partial<Record<JobStatus, number>>>;
  readonly liveChannel: string;
}

export interface Step {
  readonly number: number;
  readonly name: string;
  readonly status: JobStatus;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}
export interface Job {
  readonly jobId: string;
  readonly runId: string;
  readonly attempt: number;
  /** Such as `test`, `test.3` of a matrix, `deploy/test.3` of a called workflow. */
  readonly key: string;
  readonly name: string;
  readonly needs: readonly string[];
  readonly status: JobStatus;
  readonly why: string | null;
  readonly runner: string | null;
  readonly labels: readonly string[];
  readonly queuedAt: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly steps: readonly Step[];
  readonly annotationCounts: Readonly<Partial<Record<AnnotationLevel, number>>>;
  readonly liveChannel: string;
}

export type AnnotationLevel = "notice" | "warning" | "error";
export interface Annotation {
  readonly jobKey: string;
  readonly jobName: string;
  readonly step: number | null;
  readonly level: AnnotationLevel;
  readonly message: string;
  readonly title: string | null;
  readonly file: string | null;
  readonly line: number | null;
}
/** What a step has written to its summary, as Markdown. */
export interface Summary {
  readonly jobKey: string;
  readonly jobName: string;
  readonly step: number | null;
  readonly text: string;
}
export interface Artifact {
  readonly artifactId: string;
  readonly name: string;
  readonly size: number;
  readonly digest: string | null;
  readonly createdAt: string;
  readonly expiresAt: string | null;
}

export interface RunFilter {
  readonly repositoryId?: string | undefined;
  readonly workflow?: string | undefined;
  readonly status?: RunStatus | undefined;
  readonly branch?: string | undefined;
  readonly event?: string | undefined;
}

/** Which jobs a new attempt runs. */
export type RerunJobs = "all" | "failed" | readonly string[];

/** Where names of secrets and variables belong: to a repository, or to all of the organisation. */
export type ValueOwner = string | null;

export function listRepositories(cursor?: string, limit = PAGE_LIMIT_MAX): Promise<Page<Repository>> {
  return call("GET", "/workflows/repositories", { query: { cursor, limit } });
}

export function getRepository(id: string): Promise<Repository> {
  return call("GET", `/workflows/repositories/${id}`);
}

export function createRepository(body: { name: string; defaultBranch?: string }): Promise<Repository> {
  return call("POST", "/workflows/repositories", { body });
}

export function changeRepository(id: string, body: { name?: string; defaultBranch?: string }): Promise<Repository> {
  return call("PATCH", `/workflows/repositories/${id}`, { body });
}

export function deleteRepository(id: string): Promise<void> {
  return call("DELETE", `/workflows/repositories/${id}`);
}

export function listWorkflows(repositoryId: string): Promise<{ items: WorkflowFile[] }> {
  return call("GET", `/workflows/repositories/${repositoryId}/workflows`);
}

/** Run a workflow by hand. */
export function dispatchWorkflow(repositoryId: string, body: { workflow: string; ref: string; inputs: Readonly<Record<string, string>> }): Promise<Run> {
  return call("POST", `/workflows/repositories/${repositoryId}/dispatches`, { body });
}

export function listSecrets(of: ValueOwner): Promise<{ items: SecretName[] }> {
  return call("GET", `${ownerPath(of)}/secrets`);
}

export function setSecret(of: ValueOwner, name: string, value: string): Promise<SecretName> {
  return call("PUT", `${ownerPath(of)}/secrets/${encodeURIComponent(name)}`, { body: { value } });
}

export function deleteSecret(of: ValueOwner, name: string): Promise<void> {
  return call("DELETE", `${ownerPath(of)}/secrets/${encodeURIComponent(name)}`);
}

export function listVariables(of: ValueOwner): Promise<{ items: Variable[] }> {
  return call("GET", `${ownerPath(of)}/variables`);
}

export function setVariable(of: ValueOwner, name: string, value: string): Promise<Variable> {
  return call("PUT", `${ownerPath(of)}/variables/${encodeURIComponent(name)}`, { body: { value } });
}

export function deleteVariable(of: ValueOwner, name: string): Promise<void> {
  return call("DELETE", `${ownerPath(of)}/variables/${encodeURIComponent(name)}`);
}

export function listRuns({ repositoryId, workflow, status, branch, event }: RunFilter, cursor?: string, limit = PAGE_LIMIT_MAX): Promise<Page<Run>> {
  return call("GET", "/workflows/runs", { query: { repository_id: repositoryId, workflow, status, branch, event, cursor, limit } });
}

export function getRun(id: string, attempt?: number): Promise<Run> {
  return call("GET", `/workflows/runs/${id}`, { query: { attempt } });
}

/** All jobs of an attempt. */
export async function listJobs(runId: string, attempt?: number): Promise<readonly Job[]> {
  const found: Job[] = [];
  for (let cursor: string | undefined, pages = 0; pages < JOB_PAGES_MAX; pages++) {
    const page = await call<Page<Job>>("GET", `/workflows/runs/${runId}/jobs`, { query: { attempt, cursor, limit: PAGE_LIMIT_MAX } });
    found.push(...page.items);
    if (!page.nextCursor) break;
    cursor = page.nextCursor;
  }
  return found;
}

export function getJob(id: string): Promise<Job> {
  return call("GET", `/workflows/jobs/${id}`);
}

export async function listAnnotations(runId: string, attempt?: number): Promise<readonly Annotation[]> {
  return (await call<{ items: Annotation[] }>("GET", `/workflows/runs/${runId}/annotations`, { query: { attempt } })).items;
}

export async function listSummaries(runId: string, attempt?: number): Promise<readonly Summary[]> {
  return (await call<{ items: Summary[] }>("GET", `/workflows/runs/${runId}/summaries`, { query: { attempt } })).items;
}

export async function listArtifacts(runId: string): Promise<readonly Artifact[]> {
  return (await call<{ items: Artifact[] }>("GET", `/workflows/runs/${runId}/artifacts`)).items;
}

/** Where the browser downloads an artifact, as a zip file. */
export function artifactHref(id: string): string {
  return `/api/v1/workflows/artifacts/${id}/content`;
}

export function cancelRun(id: string): Promise<Run> {
  return call("POST", `/workflows/runs/${id}/cancel`);
}

export function rerun(id: string, body: { jobs: RerunJobs; isDebug: boolean }): Promise<Run> {
  return call("POST", `/workflows/runs/${id}/rerun`, { body });
}

function ownerPath(of: ValueOwner): string {
  return of === null ? "/workflows" : `/workflows/repositories/${of}`;
}
