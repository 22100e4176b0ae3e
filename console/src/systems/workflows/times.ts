// Durations of runs, jobs and steps, which count while they last.

import { durationText } from "$/lib/time.svelte";

interface Spanned {
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

/** Such as `0.4 s`, `41 s`, `1 min 32 s`: whole seconds from the first one on. */
export function spanText(ms: number): string {
  if (ms < 50) return "0 s";
  if (ms < 1_000) return `${(ms / 1_000).toFixed(1)} s`;
  return ms < 60_000 ? `${Math.floor(ms / 1_000)} s` : durationText(ms);
}

/** How long something took, or takes until now; empty if it never began. */
export function tookText({ startedAt, endedAt }: Spanned, now: number): string {
  return startedAt ? spanText((endedAt ? Date.parse(endedAt) : now) - Date.parse(startedAt)) : "";
}
