// The newest runs, for the rail's mark and the overview.

import { Listing } from "$/lib/listing.svelte";
import { useFeed } from "$/lib/watch.svelte";
import { current } from "$/services/session.svelte";
import { listRuns, type Run } from "$/services/workflows";

const LATEST_MAX = 20;
const DAY_MS = 86_400_000;

class Latest {
  running = new Listing<Run>((cursor) => listRuns({ status: "running" }, cursor, LATEST_MAX), (each) => each.runId);
  failed = new Listing<Run>((cursor) => listRuns({ status: "failed" }, cursor, LATEST_MAX), (each) => each.runId);
  all = new Listing<Run>((cursor) => listRuns({}, cursor, LATEST_MAX), (each) => each.runId);

  /** Workflows and branches whose newest run has failed within a day, as far as the newest runs show. */
  get broken(): readonly Run[] {
    return brokenOf(this.all.items, this.failed.items, Date.now());
  }

  /** Read them, and again when one may have changed. Call it in a component's script. */
  watch(): void {
    useFeed(
      () => [`workflows.runs:${current.session?.organisationId ?? ""}`],
      () => Promise.all([this.running.refresh(), this.failed.refresh(), this.all.refresh()]),
    );
  }
}

/** Of failed runs, those after which no other one of the same workflow and branch came. */
export function brokenOf(all: readonly Run[], failed: readonly Run[], now: number): readonly Run[] {
  const of = (run: Run): string => `${run.repositoryId} ${run.workflow.file} ${run.ref}`;
  const newest = new Map<string, Run>();
  for (const run of [...all, ...failed]) {
    const known = newest.get(of(run));
    if (!known || run.number > known.number) newest.set(of(run), run);
  }
  return [...newest.values()].filter((run) => run.status === "failed" && now - Date.parse(run.endedAt ?? run.createdAt) < DAY_MS);
}

export const latest = new Latest();
