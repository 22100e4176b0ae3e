// A message that was found, as one line with the words that were searched for.

import { plainText } from "./text/mrkdwn";

export interface MarkedRun {
  readonly text: string;
  readonly isMarked: boolean;
}

const LENGTH_MAX = 400;

/** Return a message's plain text in runs; those that were searched for are marked. The places are in code points of the stored text. */
export function markedRuns(stored: string, highlights: readonly (readonly [number, number])[], nameOf: (slackId: string) => string | undefined): MarkedRun[] {
  const points = [...stored];
  const words = new Set(highlights.map(([from, to]) => points.slice(from, to).join("").trim()).filter(Boolean));
  const plain = plainText(stored, nameOf);
  const text = plain.length > LENGTH_MAX ? `${plain.slice(0, LENGTH_MAX)}…` : plain;
  if (words.size === 0) return [{ text, isMarked: false }];
  const pattern = new RegExp(`(${[...words].sort((one, other) => other.length - one.length).map(escapePattern).join("|")})`, "giu");
  return text
    .split(pattern)
    .map((run, index) => ({ text: run, isMarked: index % 2 === 1 }))
    .filter((run) => run.text !== "");
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
