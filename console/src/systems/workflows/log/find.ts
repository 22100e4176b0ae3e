// Finding a text in a log, and marking it in its lines.

import { plainText, type Span } from "./ansi";
import type { LogBuffer } from "./buffer";

/** Lines that are found at most; more are no help. */
export const FOUND_MAX = 10_000;

/** The numbers of the lines that have a text, whatever its case. */
export function findLines(buffer: LogBuffer, wanted: string): readonly number[] {
  const found: number[] = [];
  const text = wanted.toLowerCase();
  if (!text) return found;
  for (let number = 1; number <= buffer.lastLine && found.length < FOUND_MAX; number++) {
    const line = buffer.at(number);
    if (line && line.kind !== "endgroup" && plainText(line.text).toLowerCase().includes(text)) found.push(number);
  }
  return found;
}

export interface MarkedSpan extends Span {
  readonly isFound: boolean;
}

/** The spans of a line, split where the text is. */
export function markFound(spans: readonly Span[], wanted: string): readonly MarkedSpan[] {
  const ranges = rangesOf(spans.map(({ text }) => text).join(""), wanted.toLowerCase());
  if (ranges.length === 0) return spans.map((span) => ({ ...span, isFound: false }));
  const marked: MarkedSpan[] = [];
  let offset = 0;
  for (const span of spans) {
    const cuts = [0, ...ranges.flat().map((at) => at - offset).filter((at) => at > 0 && at < span.text.length), span.text.length];
    cuts.slice(1).forEach((end, index) => {
      const begin = cuts[index] ?? 0;
      const isFound = ranges.some(([from, to]) => offset + begin >= from && offset + begin < to);
      if (end > begin) marked.push({ text: span.text.slice(begin, end), classes: span.classes, isFound });
    });
    offset += span.text.length;
  }
  return marked;
}

function rangesOf(text: string, wanted: string): readonly (readonly [number, number])[] {
  if (!wanted) return [];
  const ranges: [number, number][] = [];
  const lower = text.toLowerCase();
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, at + wanted.length)) ranges.push([at, at + wanted.length]);
  return ranges;
}
