// What waits for a runner, the runners, and what was used.

import { call } from "./http";
import { PAGE_LIMIT_MAX, type Page } from "./pages";

export type Blocker = "quota" | "labels" | "no_runner" | "turn";

/** A job that waits for a runner, in the order in which jobs would start. */
export interface QueuedJob {
  readonly jobId: string;
  readonly runId: string;
  readonly key: string;
  readonly name: string;
  readonly repository: string;
  readonly workflowName: string;
  readonly runNumber: number;
  readonly labels: readonly string[];
  readonly position: number;
  readonly why: string;
  readonly blocker: Blocker;
  readonly queuedAt: string;
  readonly estimatedStartAt: string | null;
}

export type RunnerStatus = "online" | "busy" | "draining" | "lost" | "offline";
export interface Runner {
  readonly runnerId: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly status: RunnerStatus;
  readonly jobsMax: number;
  readonly jobCount: number;
  readonly isShared: boolean;
  readonly version: string | null;
  readonly lastSeenAt: string | null;
  readonly createdAt: string;
}
export interface Registration {
  readonly token: string;
  readonly expiresAt: string;
}

/** One day of an organisation. */
export interface UsageDay {
  readonly day: string;
  readonly jobs: number;
  readonly minutes: number;
  readonly queueP50S: number | null;
  readonly queueP95S: number | null;
}
export interface Share {
  readonly weight: number;
  readonly jobsMax: number;
}

export function listQueue(cursor?: string, limit = PAGE_LIMIT_MAX): Promise<Page<QueuedJob>> {
  return call("GET", "/workflows/queue", { query: { cursor, limit } });
}

export function listRunners(cursor?: string, limit = PAGE_LIMIT_MAX): Promise<Page<Runner>> {
  return call("GET", "/workflows/runners", { query: { cursor, limit } });
}

export function removeRunner(id: string): Promise<void> {
  return call("DELETE", `/workflows/runners/${id}`);
}

/** Let a runner end its jobs, and give it no more. */
export function drainRunner(id: string): Promise<Runner> {
  return call("POST", `/workflows/runners/${id}/drain`);
}

/** A token with which one runner can be added. */
export function createRegistration(): Promise<Registration> {
  return call("POST", "/workflows/registrations", { body: {} });
}

export async function listUsage(days: number): Promise<readonly UsageDay[]> {
  return (await call<{ items: UsageDay[] }>("GET", "/workflows/usage", { query: { days } })).items;
}

export function getShare(): Promise<Share> {
  return call("GET", "/workflows/share");
}
