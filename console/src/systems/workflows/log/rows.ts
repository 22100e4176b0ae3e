// The rows that a log shows: its lines under the heads of their steps, without what is folded.

import type { LogBuffer } from "./buffer";

/**
 * A row as a number, because a log has a hundred thousand of them: a line's own number, or below zero the head of a step
 * or a gap of lines that aren't here.
 */
export type Row = number;

const GAP_BASE = 1_000_000_000;

export type RowKind =
  | { readonly kind: "line"; readonly number: number }
  | { readonly kind: "step"; readonly step: number }
  | { readonly kind: "gap"; readonly first: number };

export function stepRow(step: number): Row {
  return -1 - step;
}

export function gapRow(first: number): Row {
  return -GAP_BASE - first;
}

export function kindOf(row: Row): RowKind {
  if (row > 0) return { kind: "line", number: row };
  return row <= -GAP_BASE ? { kind: "gap", first: -row - GAP_BASE } : { kind: "step", step: -1 - row };
}

/** A group of lines between `##[group]` and `##[endgroup]`. */
export interface Group {
  readonly first: number;
  last: number;
  isEnded: boolean;
  hasError: boolean;
}

/** Shorter logs show all their steps open. */
const SHORT_MAX = 1_000;

/** What is folded: by a person, or else by these rules. */
export class Folds {
  readonly #steps = new Map<number, boolean>();
  readonly #groups = new Map<number, boolean>();
  #isLong = false;

  constructor(
    readonly buffer: LogBuffer,
    /** Whether a step had succeeded when the log was opened. */
    readonly wasDone: (step: number) => boolean,
  ) {}

  /** Take how long the log was when it was opened. */
  begin(): void {
    this.#isLong = this.buffer.lastLine > SHORT_MAX;
  }

  isStepFolded(step: number): boolean {
    return this.#steps.get(step) ?? (this.#isLong && this.wasDone(step));
  }

  /** Groups that have ended without an error are folded, unless they did so while somebody was looking. */
  isGroupFolded(group: Group): boolean {
    return this.#groups.get(group.first) ?? (group.isEnded && !group.hasError && !this.buffer.isLive(group.last));
  }

  setStep(step: number, isFolded: boolean): void {
    this.#steps.set(step, isFolded);
  }

  setGroup(firstLine: number, isFolded: boolean): void {
    this.#groups.set(firstLine, isFolded);
  }
}

/** What is in a log: its rows, and its groups by their first lines. */
export interface Outline {
  readonly rows: readonly Row[];
  readonly groups: ReadonlyMap<number, Group>;
  /** The first line of each step that is here. */
  readonly steps: ReadonlyMap<number, number>;
}

export function outlineOf(buffer: LogBuffer, folds: Folds): Outline {
  const groups = groupsOf(buffer);
  const steps = new Map<number, number>();
  const rows: Row[] = [];
  let step: number | null = null;
  let isStepFolded = false;
  let foldedUntil = 0;
  let isGap = false;
  for (let number = 1; number <= buffer.lastLine; number++) {
    const line = buffer.at(number);
    if (!line) {
      if (!isGap) rows.push(gapRow(number));
      isGap = true;
      continue;
    }
    isGap = false;
    if (line.step !== step) {
      step = line.step;
      if (!steps.has(step)) {
        steps.set(step, number);
        rows.push(stepRow(step));
      }
      isStepFolded = folds.isStepFolded(step);
    }
    if (isStepFolded || number <= foldedUntil || line.kind === "endgroup") continue;
    rows.push(number);
    const group = line.kind === "group" ? groups.get(number) : undefined;
    if (group && folds.isGroupFolded(group)) foldedUntil = group.last;
  }
  return { rows, groups, steps };
}

function groupsOf(buffer: LogBuffer): Map<number, Group> {
  const groups = new Map<number, Group>();
  let open: Group | null = null;
  let step: number | null = null;
  for (let number = 1; number <= buffer.lastLine; number++) {
    const line = buffer.at(number);
    // A group ends with its step, and nobody knows where it ends within a gap.
    if (!line || line.step !== step || line.kind === "group") open = null;
    if (!line) continue;
    step = line.step;
    if (line.kind === "group") {
      open = { first: number, last: number, isEnded: false, hasError: false };
      groups.set(number, open);
    } else if (open) {
      open.last = number;
      open.hasError ||= line.kind === "error";
      if (line.kind === "endgroup") {
        open.isEnded = true;
        open = null;
      }
    }
  }
  return groups;
}

/** Where a line is among the rows; the next row if it is folded. */
export function indexOfLine(rows: readonly Row[], number: number): number {
  const at = rows.indexOf(number);
  if (at >= 0) return at;
  const next = rows.findIndex((row) => row > number);
  return next < 0 ? Math.max(0, rows.length - 1) : Math.max(0, next - 1);
}

/** Open whatever folds a line away. */
export function reveal(number: number, buffer: LogBuffer, folds: Folds, outline: Outline): void {
  const line = buffer.at(number);
  if (!line) return;
  folds.setStep(line.step, false);
  for (const group of outline.groups.values()) if (number > group.first && number <= group.last) folds.setGroup(group.first, false);
}
