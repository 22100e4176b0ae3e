// Which job a run shows when nobody has chosen one.

import type { Job } from "$/services/workflows";

/** What has failed, else what runs, else the first job. */
export function firstShown(jobs: readonly Job[]): Job | undefined {
  const byStatus = (...statuses: Job["status"][]): Job | undefined => jobs.find(({ status }) => statuses.includes(status));
  return byStatus("failed") ?? byStatus("running") ?? byStatus("queued") ?? jobs[0];
}

/** The steps of all jobs that have ended, and what they said: when it changes, there may be notes to read. */
export function notesKey(jobs: readonly Job[]): string {
  const ended = jobs.reduce((sum, { steps }) => sum + steps.filter(({ endedAt }) => endedAt !== null).length, 0);
  const said = jobs.reduce((sum, { annotationCounts }) => sum + Object.values(annotationCounts).reduce((all, count) => all + count, 0), 0);
  return `${ended} ${said} ${jobs.filter(({ endedAt }) => endedAt !== null).length}`;
}
