// The second line of a job: how long it took, or what it waits for.

import { countText } from "$/lib/text";
import type { Job } from "$/services/workflows";
import type { Blocker, QueuedJob } from "$/services/workflows_fleet";

import { isOver, statusShown } from "../states";
import { spanText, tookText } from "../times";
import { countsOf, groupOf, matrixName } from "./nodes";

const BLOCKERS: Readonly<Record<Blocker, string>> = {
  quota: "the quota is used up",
  labels: "no runner has its labels",
  no_runner: "no runner is free",
  turn: "others have their turn",
};

/** Such as `1 min 32 s`, `2nd, no runner is free`, `for 2 jobs`. */
export function noteOf(job: Job, jobs: readonly Job[], now: number, place?: Pick<QueuedJob, "position" | "blocker">): string {
  if (job.status === "running" && job.startedAt) return tookText(job, now);
  if (job.status === "waiting") return waitText(job, jobs);
  if (job.status === "queued" && place?.blocker === "labels") return BLOCKERS.labels;
  if (job.status === "queued" && place) return `${ordinalText(place.position)}, ${BLOCKERS[place.blocker]}`;
  if (job.status === "queued") return job.why ? lowerFirst(job.why) : job.queuedAt ? `for ${spanText(now - Date.parse(job.queuedAt))}` : "queued";
  const took = job.endedAt ? tookText(job, now) : "";
  if (job.status === "succeeded") return took || "done";
  return took || (job.why ? lowerFirst(job.why) : statusShown(job.status).word.toLowerCase());
}

/** Such as `240 succeeded, 3 failed`. */
export function matrixNote(jobs: readonly Job[]): string {
  return countsOf(jobs)
    .map(({ status, count }) => `${count} ${statusShown(status).word.toLowerCase()}`)
    .join(", ");
}

/** What a job waits for: the jobs that it needs, or else what the server says. */
function waitText(job: Job, jobs: readonly Job[]): string {
  const open = job.needs.filter((need) => jobs.some((each) => isOf(each.key, need) && !isOver(each.status)) || !jobs.some((each) => isOf(each.key, need)));
  if (open.length === 0) return job.why ? lowerFirst(job.why) : "waits";
  const only = open.length === 1 ? open[0] : undefined;
  return only ? `for ${nameOf(only, jobs)}` : `for ${countText(open.length, "job")}`;
}

function nameOf(need: string, jobs: readonly Job[]): string {
  const found = jobs.filter((each) => isOf(each.key, need));
  if (found.length === 1 && found[0]?.key === need) return found[0].name;
  return found.length > 0 && found.every(({ key }) => groupOf(key) === need) ? matrixName(need, found) : (found[0]?.name.split(" / ")[0] ?? need);
}

function isOf(key: string, need: string): boolean {
  return groupOf(key) === need || key.startsWith(`${need}/`);
}

/** Such as `1st`, `2nd`, `13th`. */
export function ordinalText(number: number): string {
  const isTeen = number % 100 >= 11 && number % 100 <= 13;
  return `${number}${(!isTeen && ["th", "st", "nd", "rd"][number % 10]) || "th"}`;
}

function lowerFirst(text: string): string {
  return text.replace(/\.$/, "").replace(/^[A-Z](?![A-Z])/, (letter) => letter.toLowerCase());
}
