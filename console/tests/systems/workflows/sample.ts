// Jobs and runs as the API returns them, for tests.

import type { Job, Run } from "$/services/workflows";

export function job(key: string, changes: Partial<Job> = {}): Job {
  return {
    jobId: `wjob_${key}`,
    runId: "wrun_1",
    attempt: 1,
    key,
    name: key,
    needs: [],
    status: "succeeded",
    why: "",
    createdAt: "2026-11-27T12:00:00Z",
    cancelRequestedAt: null,
    reusedJobId: null,
    runner: "kestrel-2",
    labels: ["ubuntu-latest"],
    queuedAt: "2026-11-27T12:00:00Z",
    startedAt: "2026-11-27T12:00:01Z",
    endedAt: "2026-11-27T12:00:42Z",
    steps: [],
    annotationCounts: {},
    liveChannel: `workflows.log:wjob_${key}`,
    ...changes,
  };
}

/** The jobs of a matrix. */
export function matrix(group: string, count: number, changes: Partial<Job> = {}): Job[] {
  return Array.from({ length: count }, (_, at) => job(`${group}.${at}`, { name: `${group} (${at})`, ...changes }));
}

export function run(changes: Partial<Run> = {}): Run {
  return {
    runId: "wrun_1",
    repositoryId: "repo_1",
    repository: "kestrel-outdoor/storefront",
    workflow: { file: ".github/workflows/ci.yml", name: "CI" },
    number: 1481,
    attempt: 1,
    attempts: 1,
    title: "checkout: round the tax once, on the total",
    event: "push",
    ref: "refs/heads/main",
    branch: "main",
    headSha: "4f2a91c0d5b9a1f0c3e2d4b6a8907f1e2d3c4b5a",
    actor: "Tomas Okafor",
    priority: "normal",
    status: "running",
    why: "",
    isDebug: false,
    cancelRequestedAt: null,
    concurrencyGroup: null,
    createdAt: "2026-11-27T12:00:00Z",
    startedAt: "2026-11-27T12:00:01Z",
    endedAt: null,
    jobCounts: { running: 1 },
    liveChannel: "workflows.run:wrun_1",
    ...changes,
  };
}
