// The states of runs, jobs, steps and runners, in the words that all systems share.

import type { StateName } from "$/components/states";
import type { JobStatus, RunStatus } from "$/services/workflows";
import type { RunnerStatus } from "$/services/workflows_fleet";

export interface Shown {
  readonly name: StateName;
  readonly word: string;
}

const STATUS: Readonly<Record<RunStatus, Shown>> = {
  waiting: { name: "waiting", word: "Waiting" },
  queued: { name: "queued", word: "Queued" },
  running: { name: "running", word: "Running" },
  succeeded: { name: "succeeded", word: "Succeeded" },
  failed: { name: "failed", word: "Failed" },
  canceled: { name: "canceled", word: "Canceled" },
  skipped: { name: "canceled", word: "Skipped" },
};

const RUNNER: Readonly<Record<RunnerStatus, Shown>> = {
  online: { name: "succeeded", word: "Online" },
  busy: { name: "running", word: "Busy" },
  draining: { name: "waiting", word: "Draining" },
  lost: { name: "failed", word: "Lost" },
  offline: { name: "canceled", word: "Offline" },
};

export const RUN_STATUSES = Object.keys(STATUS) as readonly RunStatus[];

export function isRunStatus(text: string | null): RunStatus | undefined {
  return RUN_STATUSES.find((status) => status === text);
}

/** How a run, a job or a step stands. */
export function statusShown(status: RunStatus | JobStatus): Shown {
  return STATUS[status];
}

export function runnerShown(status: RunnerStatus): Shown {
  return RUNNER[status];
}

export function isOver(status: RunStatus): boolean {
  return !["waiting", "queued", "running"].includes(status);
}
