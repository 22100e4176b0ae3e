// Workflows: repositories, runs with their jobs, what a run leaves behind, and the queue with its runners.

import { call, type Wire } from "./http";
import { PAGE_LIMIT_MAX, type Page } from "./pages";
import type { Camel } from "./shape";

/** Pages of jobs that are read at most: a matrix has up to 256 jobs. */
const JOB_PAGES_MAX = 20;

export type Repository = Camel<Wire["RepositoryView"]>;
/** A secret: its value is never told. */
export type Secret = Camel<Wire["SecretView"]>;
export type Variable = Camel<Wire["VariableView"]>;

/** A workflow file of the default branch. */
export type WorkflowFile = Camel<Wire["WorkflowView"]>;
/** What a workflow asks for when it is run by hand. */
export type DispatchInput = Camel<Wire["InputView"]>;

// Payments have runs of another kind.
type WireRun = Camel<Wire["ninefold.systems.workflows.routes.run_wire.RunView"]>;
export type RunStatus = WireRun["status"];
/** A run with one of its attempts. Statuses that no job has are absent from the counts. */
export type Run = Omit<WireRun, "jobCounts"> & { readonly jobCounts: Readonly<Partial<Record<RunStatus, number>>> };
/** Which runs of the organisation go first. */
export type Priority = WireRun["priority"];
/** A job; its key is `test`, `test.3` of a matrix, or `deploy/test.3` of a called workflow. */
export type Job = Camel<Wire["RunJobView"]>;
export type JobStatus = Job["status"];
export type Step = Camel<Wire["RunStepView"]>;
export type Annotation = Camel<Wire["AnnotationView"]>;
export type AnnotationLevel = Annotation["level"];
/** What a step has written to its summary, as Markdown. */
export type Summary = Camel<Wire["StepSummaryView"]>;
export type Artifact = Camel<Wire["ArtifactView"]>;
/** What a run has left behind. */
export interface RunNotes {
  readonly annotations: readonly Annotation[];
  readonly summaries: readonly Summary[];
  readonly artifacts: readonly Artifact[];
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

export function changeRepository(id: string, body: { name?: string; defaultBranch?: string; defaultPriority?: Priority }): Promise<Repository> {
  return call("PATCH", `/workflows/repositories/${id}`, { body });
}

export function deleteRepository(id: string): Promise<void> {
  return call("DELETE", `/workflows/repositories/${id}`);
}

export function listWorkflows(repositoryId: string): Promise<{ items: WorkflowFile[] }> {
  return call("GET", `/workflows/repositories/${repositoryId}/workflows`);
}

/** Run a workflow by hand. The names of inputs stay as they are. */
export function dispatchWorkflow(repositoryId: string, body: { workflow: string; ref: string; inputs: Readonly<Record<string, string>>; priority?: Priority }): Promise<Run> {
  return call("POST", `/workflows/repositories/${repositoryId}/dispatches`, { body: JSON.stringify(body) });
}

export function listSecrets(of: ValueOwner): Promise<{ items: Secret[] }> {
  return call("GET", `${ownerPath(of)}/secrets`);
}

export function setSecret(of: ValueOwner, name: string, value: string): Promise<Secret> {
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

/** Let the jobs of a run that no runner has yet start before or after others of the organisation. */
export function setPriority(id: string, priority: Priority): Promise<Run> {
  return call("PATCH", `/workflows/runs/${id}`, { body: { priority } });
}

export function rerun(id: string, body: { jobs: RerunJobs; isDebug: boolean; priority: Priority }): Promise<Run> {
  return call("POST", `/workflows/runs/${id}/rerun`, { body });
}

function ownerPath(of: ValueOwner): string {
  return of === null ? "/workflows" : `/workflows/repositories/${of}`;
}
