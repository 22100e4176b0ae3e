// The log of a job: its lines by number, and those that arrive while it runs.

import { call } from "./http";

/** Lines that one request reads. */
export const LINES_LIMIT = 1_000;

export interface WireLine {
  /** From 1, of the whole job. */
  readonly line: number;
  /** The number of its step. */
  readonly step: number;
  readonly at: string;
  readonly text: string;
}
export interface LogPage {
  readonly items: WireLine[];
  /** Whether no line will come any more. */
  readonly isComplete: boolean;
  /** The number of the last line that there is; 0 if there is none. */
  readonly lastLine: number;
}

/** The lines after a line. */
export function readLogAfter(jobId: string, after: number): Promise<LogPage> {
  return call("GET", `/workflows/jobs/${jobId}/log`, { query: { after, limit: LINES_LIMIT } });
}

/** The lines before a line, as many as one page has. */
export function readLogBefore(jobId: string, before: number): Promise<LogPage> {
  return call("GET", `/workflows/jobs/${jobId}/log`, { query: { before, limit: LINES_LIMIT } });
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
