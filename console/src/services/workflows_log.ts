// The log of a job: its lines by number, and those that arrive while it runs.

import { call, type Wire } from "./http";
import type { Camel } from "./shape";

/** Lines that one request reads at most. */
export const LINES_LIMIT = 1_000;

/** A line by its number, from 1 in the whole job, with its step's number. */
export type WireLine = Wire["LogLineView"];
export type LogPage = Camel<Wire["LogPageView"]>;

/** The lines after a line, as many as one page has, and none after the last one if that is given. */
export function readLogAfter(jobId: string, after: number, last = after + LINES_LIMIT): Promise<LogPage> {
  return call("GET", `/workflows/jobs/${jobId}/log`, { query: { after, limit: Math.min(LINES_LIMIT, last - after) } });
}

/** Where the whole log is, as text. */
export function rawLogHref(jobId: string): string {
  return `/api/v1/workflows/jobs/${jobId}/log.txt`;
}

export function logChannel(jobId: string): string {
  return `workflows.log:${jobId}`;
}

/** The lines of an entry of the live feed; none if it is something else. */
export function linesOf(entry: unknown): readonly WireLine[] {
  const lines = typeof entry === "object" && entry !== null && "lines" in entry ? entry.lines : null;
  return Array.isArray(lines) ? (lines as WireLine[]) : [];
}
