// Durable jobs, such as a replay: their progress, and pausing, resuming and canceling them.

import { call, type Wire } from "./http";
import type { Page } from "./pages";
import type { Camel } from "./shape";

export type Job = Camel<Wire["JobView"]>;
export type JobAct = "pause" | "resume" | "cancel" | "retry";

export function listJobs(kind?: string, cursor?: string, limit = 20): Promise<Page<Job>> {
  return call("GET", "/jobs", { query: { kind, cursor, limit } });
}

export function getJob(id: string): Promise<Job> {
  return call("GET", `/jobs/${id}`);
}

export function actOnJob(id: string, act: JobAct): Promise<Job> {
  return call("POST", `/jobs/${id}/${act}`);
}
