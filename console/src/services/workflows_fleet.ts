// What waits for a runner, the runners, and what was used.

import { call, type Wire } from "./http";
import { PAGE_LIMIT_MAX, type Page } from "./pages";
import type { Camel } from "./shape";

/** A job that waits for a runner, in the order in which jobs would start. */
export type QueuedJob = Camel<Wire["QueuedJobView"]>;
export type Blocker = QueuedJob["blocker"];
export type Runner = Camel<Wire["RunnerView"]>;
export type RunnerStatus = Runner["status"];
/** A token with which runners are added. */
export type Registration = Camel<Wire["RegistrationView"]>;
/** What the jobs of a day used. */
export type UsageDay = Camel<Wire["UsageDayView"]>;
/** What the organisation gets of the runners. */
export type Share = Camel<Wire["ShareView"]>;

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

export function createRegistration(): Promise<Registration> {
  return call("POST", "/workflows/registrations");
}

export async function listUsage(days: number): Promise<readonly UsageDay[]> {
  return (await call<{ items: UsageDay[] }>("GET", "/workflows/usage", { query: { days } })).items;
}

export function getShare(): Promise<Share> {
  return call("GET", "/workflows/share");
}
