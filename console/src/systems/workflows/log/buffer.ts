// The lines of a log that are here, by number. They come in any order: the end first, then what is looked at, then the rest.

import type { LogLine } from "./lines";

/** Lines that are kept; of longer logs, the raw file has the rest. */
export const LINES_MAX = 200_000;

/** Lines are read in pages: the first one begins with line 1. */
export const PAGE_LINES = 1_000;

export class LogBuffer {
  /** How many lines there are, as far as is known. */
  lastLine = 0;
  /** How many of them are here. */
  count = 0;
  readonly #lines: (LogLine | undefined)[] = [];
  readonly #pageCounts: number[] = [];
  /** Lines that arrived while somebody was looking: what is read stays open. */
  #liveFrom = Number.POSITIVE_INFINITY;

  get isFull(): boolean {
    return this.count >= LINES_MAX;
  }

  get isWhole(): boolean {
    return this.count === this.lastLine;
  }

  at(number: number): LogLine | undefined {
    return this.#lines[number - 1];
  }

  /** Whether a line arrived while somebody was looking. */
  isLive(number: number): boolean {
    return number >= this.#liveFrom;
  }

  /** Take lines; returns how many of them are new. Those over the maximum are left out. */
  add(lines: readonly LogLine[], { isLive = false } = {}): number {
    let added = 0;
    for (const line of lines) {
      if (this.isFull || line.number < 1 || this.#lines[line.number - 1]) continue;
      while (this.#lines.length < line.number - 1) this.#lines.push(undefined);
      this.#lines[line.number - 1] = line;
      const page = pageOf(line.number);
      this.#pageCounts[page] = (this.#pageCounts[page] ?? 0) + 1;
      added += 1;
      this.count += 1;
    }
    if (isLive && added > 0) this.#liveFrom = Math.min(this.#liveFrom, lines[0]?.number ?? this.#liveFrom);
    this.extendTo(lines.at(-1)?.number ?? 0);
    return added;
  }

  /** Take that there are as many lines. */
  extendTo(lastLine: number): void {
    this.lastLine = Math.max(this.lastLine, lastLine);
  }

  /** The page nearest to a line that lacks lines; undefined if there is none, besides those that are left out. */
  pageNear(number: number, isLeftOut: (page: number) => boolean = () => false): number | undefined {
    const pages = Math.ceil(this.lastLine / PAGE_LINES);
    const from = pageOf(Math.max(1, Math.min(number, this.lastLine)));
    for (let distance = 0; distance < pages; distance++) {
      for (const page of [from - distance, from + distance]) {
        if (page >= 0 && page < pages && !this.#isWhole(page) && !isLeftOut(page)) return page;
      }
    }
    return undefined;
  }

  /** The first line of a page that isn't here. */
  firstMissing(page: number): number {
    let number = page * PAGE_LINES + 1;
    while (this.at(number)) number += 1;
    return number;
  }

  #isWhole(page: number): boolean {
    return (this.#pageCounts[page] ?? 0) === Math.min(PAGE_LINES, this.lastLine - page * PAGE_LINES);
  }
}

function pageOf(number: number): number {
  return Math.floor((number - 1) / PAGE_LINES);
}
