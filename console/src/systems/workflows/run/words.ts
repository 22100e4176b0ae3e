// What a run says about itself in its head.

import { countText } from "$/lib/text";
import type { Annotation, Artifact, Run } from "$/services/workflows";

import { isOver } from "../states";

const EVENTS: Readonly<Record<string, string>> = {
  push: "pushed",
  workflow_dispatch: "run by hand",
  repository_dispatch: "sent",
  pull_request: "pull request",
  pull_request_target: "pull request",
  schedule: "by schedule",
};

/** An id within a text, such as `API key key_01h455vb4pex5vsknk084sn02q`. */
const LONG_ID = /\b([a-z]+)_[0-9a-z]{20}([0-9a-z]{6})\b/;

/** How a run came to be: `pushed by Tomas Okafor`. */
export function originText({ event, actor }: Pick<Run, "event" | "actor">): string {
  const word = EVENTS[event] ?? event;
  return event === "schedule" || !actor ? word : `${word} by ${actor.replace(LONG_ID, "$1_…$2")}`;
}

/** Such as `5 of 10 ended`. */
export function jobsText({ jobCounts }: Pick<Run, "jobCounts">): string {
  const counts = Object.entries(jobCounts) as [Run["status"], number][];
  const all = counts.reduce((sum, [, count]) => sum + count, 0);
  const ended = counts.filter(([status]) => isOver(status)).reduce((sum, [, count]) => sum + count, 0);
  return all === ended ? String(all) : `${ended} of ${all} ended`;
}

/** Such as `1 error, 2 warnings`. */
export function notesText(annotations: readonly Pick<Annotation, "level">[]): string {
  return (["error", "warning", "notice"] as const)
    .map((level) => [level, annotations.filter((each) => each.level === level).length] as const)
    .filter(([, count]) => count > 0)
    .map(([level, count]) => countText(count, level))
    .join(", ");
}

/** Such as `2, 18 MB`. */
export function artifactsText(artifacts: readonly Pick<Artifact, "size">[]): string {
  return `${artifacts.length}, ${sizeText(artifacts.reduce((sum, { size }) => sum + size, 0))}`;
}

/** Such as `312 bytes`, `1.4 KB`, `18 MB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1_000) return countText(bytes, "byte");
  const power = Math.min(4, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1_000 ** power;
  return `${value < 10 ? value.toFixed(1).replace(/\.0$/, "") : Math.round(value)} ${["", "KB", "MB", "GB", "TB"][power]}`;
}

/** A run of a file that can't be read: it has no jobs, and annotations say why. */
export function isUnreadable({ status, jobCounts }: Pick<Run, "status" | "jobCounts">): boolean {
  return status === "failed" && Object.keys(jobCounts).length === 0;
}

/** Whether it is of a tag, not of a branch. */
export function isTag({ ref }: Pick<Run, "ref">): boolean {
  return ref.startsWith("refs/tags/");
}

/** The first seven characters of a commit. */
export function shaText(sha: string): string {
  return sha.slice(0, 7);
}

/** Where something came from: its branch or tag. */
export function refText({ branch, ref }: Pick<Run, "branch" | "ref">): string {
  return branch ?? ref.replace(/^refs\/(heads|tags)\//, "");
}

/** The name of the workflow; without one, that of its file. */
export function workflowText({ workflow }: Pick<Run, "workflow">): string {
  return workflow.name === workflow.file ? (workflow.file.split("/").at(-1) ?? workflow.file) : workflow.name;
}
