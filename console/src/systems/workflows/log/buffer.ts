// The lines of a log that are here, by number. They come in any order: the end first, then what is looked at, then the rest.

import type { LogLine } from "./lines";

/** Lines that are kept; of longer logs, the raw file has the rest. */
export const LINES_MAX = 200_000;

/** Lines that aren't here, both ends included. */
export interface Gap {
  readonly first: number;
  readonly last: number;
}

export class LogBuffer {
  /** How many lines there are, as far as is known. */
  lastLine = 0;
  /** How many of them are here. */
  count = 0;
  readonly #lines: (LogLine | undefined)[] = [];
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

  /** The gap that is nearest to a line; undefined if all lines are here. */
  gapNear(number: number): Gap | undefined {
    const from = Math.max(1, Math.min(number, this.lastLine));
    for (let distance = 0; distance < this.lastLine; distance++) {
      for (const each of [from - distance, from + distance]) {
        if (each >= 1 && each <= this.lastLine && !this.at(each)) return this.#gapAt(each);
      }
    }
    return undefined;
  }

  #gapAt(number: number): Gap {
    let [first, last] = [number, number];
    while (first > 1 && !this.at(first - 1)) first -= 1;
    while (last < this.lastLine && !this.at(last + 1)) last += 1;
    return { first, last };
  }
}
