// What the graph of a run shows: a node for each job, or one for a large matrix, and which node needs which.

import type { Job, JobStatus } from "$/services/workflows";

/** A larger matrix is one node until it is opened. */
export const MATRIX_SHOWN_MAX = 6;

export interface JobNode {
  readonly kind: "job";
  readonly id: string;
  readonly group: string;
  readonly job: Job;
}
/** A matrix: closed it says how its jobs stand, open it has a tile for each. */
export interface MatrixNode {
  readonly kind: "matrix";
  readonly id: string;
  readonly group: string;
  readonly name: string;
  readonly jobs: readonly Job[];
  readonly isOpen: boolean;
}
export type GraphNode = JobNode | MatrixNode;

export interface Link {
  readonly from: string;
  readonly to: string;
}

/** The job of the file that a job belongs to: `test` of `test.3`, `deploy/test` of `deploy/test.3`. */
export function groupOf(key: string): string {
  return key.replace(/\.\d+$/, "");
}

/** The jobs by the job of the file that they belong to. */
export function byGroupOf(jobs: readonly Job[]): ReadonlyMap<string, readonly Job[]> {
  const groups = new Map<string, Job[]>();
  for (const job of jobs) {
    const group = groups.get(groupOf(job.key));
    if (group) group.push(job);
    else groups.set(groupOf(job.key), [job]);
  }
  return groups;
}

/** The nodes in the order of the jobs; matrices whose group is in `open` have their jobs as tiles. */
export function nodesOf(jobs: readonly Job[], open: ReadonlySet<string>): GraphNode[] {
  return [...byGroupOf(jobs)].flatMap(([group, unordered]): GraphNode[] => {
    const members = unordered.toSorted((one, other) => indexOf(one.key) - indexOf(other.key));
    if (members.length <= MATRIX_SHOWN_MAX) return members.map((job) => ({ kind: "job", id: job.key, group, job }));
    return [{ kind: "matrix", id: `${group}.*`, group, name: matrixName(group, members), jobs: members, isOpen: open.has(group) }];
  });
}

/** Which node needs which, without what follows from other links. */
export function linksOf(nodes: readonly GraphNode[]): Link[] {
  const groups = [...new Set(nodes.map(({ group }) => group))];
  const needs = new Map(groups.map((group) => [group, neededGroups(group, nodes, groups)]));
  const direct = [...needs].flatMap(([to, from]) => withoutImplied(from, needs).map((each) => ({ from: each, to })));
  const shown = new Map(groups.map((group) => [group, nodes.filter((node) => node.group === group)]));
  return direct.flatMap(({ from, to }) =>
    (shown.get(from) ?? []).flatMap((one) => (shown.get(to) ?? []).map((other) => ({ from: one.id, to: other.id }))),
  );
}

/** The place of a job in its matrix. */
function indexOf(key: string): number {
  return Number(/\.(\d+)$/.exec(key)?.[1] ?? 0);
}

/** How many jobs there are of each status, the worst first. */
export function countsOf(jobs: readonly Job[]): readonly { readonly status: JobStatus; readonly count: number }[] {
  return WORST_FIRST.map((status) => ({ status, count: jobs.filter((job) => job.status === status).length })).filter(({ count }) => count > 0);
}

/** How a matrix stands: as its worst job that isn't over, or else as its worst job. */
export function matrixStatus(jobs: readonly Job[]): JobStatus {
  const counts = countsOf(jobs);
  return (counts.find(({ status }) => status === "failed" || status === "running") ?? counts[0])?.status ?? "waiting";
}

const WORST_FIRST: readonly JobStatus[] = ["failed", "running", "queued", "waiting", "canceled", "succeeded", "skipped"];

/** The name of a job without the values of its matrix. */
export function matrixName(group: string, jobs: readonly Job[]): string {
  const name = jobs[0]?.name ?? group;
  return name.replace(/ \([^()]*\)$/, "");
}

/** The groups that a group needs: a called workflow ends with its last jobs. */
function neededGroups(group: string, nodes: readonly GraphNode[], groups: readonly string[]): string[] {
  const node = nodes.find((each) => each.group === group);
  const job = node?.kind === "job" ? node.job : node?.jobs[0];
  const found = (job?.needs ?? []).flatMap((need) => (groups.includes(need) ? [need] : lastOfCalled(need, nodes, groups)));
  return [...new Set(found)].filter((each) => each !== group);
}

function lastOfCalled(need: string, nodes: readonly GraphNode[], groups: readonly string[]): string[] {
  const within = groups.filter((group) => group.startsWith(`${need}/`) || (group.startsWith(`${need}.`) && group.includes("/")));
  const needed = new Set(nodes.filter(({ group }) => within.includes(group)).flatMap((node) => (node.kind === "job" ? node.job.needs : (node.jobs[0]?.needs ?? []))));
  return within.filter((group) => !needed.has(group));
}

function withoutImplied(needed: readonly string[], needs: ReadonlyMap<string, readonly string[]>): readonly string[] {
  return needed.filter((each) => !needed.some((other) => other !== each && reaches(other, each, needs)));
}

function reaches(from: string, to: string, needs: ReadonlyMap<string, readonly string[]>, seen = new Set<string>()): boolean {
  if (seen.has(from)) return false;
  seen.add(from);
  return (needs.get(from) ?? []).some((each) => each === to || reaches(each, to, needs, seen));
}
