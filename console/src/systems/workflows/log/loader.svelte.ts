// Brings the lines of a job's log: the end and the wanted place first, then the rest, and those that arrive meanwhile.

import { feed } from "$/services/feed";
import { LINES_LIMIT, linesOf, logChannel, readLogAfter, readLogBefore, type LogPage } from "$/services/workflows_log";

import { LogBuffer, type Gap } from "./buffer";
import { lineOf } from "./lines";

/** A clock that is further off says nothing about the delay. */
const DELAY_MS_MAX = 60_000;
const RETRY_MS = 2_000;

export class LogLoader {
  readonly buffer = new LogBuffer();
  /** Grows with each change of the buffer. */
  version = $state(0);
  isLoaded = $state(false);
  /** Whether no line will come any more. */
  isComplete = $state(false);
  error = $state.raw<unknown>(null);
  /** How long the newest line took from the process to this page; null if none has arrived yet. */
  delayMs = $state<number | null>(null);
  /** The line that is looked at: gaps near it are filled first. */
  wanted = 1;
  #isFilling = false;
  #isEnded = false;
  #isReading = false;
  #isWanted = false;
  #pending = 0;

  constructor(readonly jobId: string) {}

  /** Begin, with the line that the address names. Returns what ends it. */
  start(wanted: number | null): () => void {
    this.wanted = wanted ?? Number.MAX_SAFE_INTEGER;
    const leave = feed.watch(logChannel(this.jobId), (entry) => this.#ring(entry));
    void this.#catchUp();
    return () => {
      this.#isEnded = true;
      leave();
    };
  }

  /** Read what came after the last known line, such as when the job has ended. */
  refresh(): void {
    void this.#catchUp();
  }

  #ring(entry: unknown): void {
    const lines = linesOf(entry);
    if (lines.length === 0) {
      void this.#catchUp();
      return;
    }
    this.#take(lines.map(lineOf), this.isLoaded);
    this.#measure(lines.at(-1)?.at ?? "");
    // Entries may have been missed before this one.
    void this.#fill();
  }

  /** Read the lines after the last one that is known, and then what is missing. */
  async #catchUp(): Promise<void> {
    this.#isWanted = true;
    if (this.#isReading) return;
    this.#isReading = true;
    while (this.#isWanted && !this.#isEnded) {
      this.#isWanted = false;
      try {
        this.#takePage(await readLogAfter(this.jobId, this.isLoaded ? this.buffer.lastLine : 0), this.isLoaded);
        [this.isLoaded, this.error] = [true, null];
      } catch (error) {
        if (!this.isLoaded) this.error = error;
      }
    }
    this.#isReading = false;
    await this.#fill();
  }

  /** Fill the gaps, those near the wanted line first. */
  async #fill(): Promise<void> {
    if (this.#isFilling || !this.isLoaded) return;
    this.#isFilling = true;
    while (!this.#isEnded && !this.buffer.isFull) {
      const gap = this.buffer.gapNear(this.wanted);
      if (!gap) break;
      const before = this.buffer.count;
      const isRead = await this.#read(gap).then(
        () => true,
        () => false,
      );
      if (!isRead) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      // Lines that the server has no more.
      else if (this.buffer.count === before) break;
    }
    this.#isFilling = false;
  }

  async #read(gap: Gap): Promise<void> {
    const isFromEnd = this.wanted > gap.last - LINES_LIMIT;
    const after = Math.max(gap.first - 1, Math.min(this.wanted - LINES_LIMIT / 2, gap.last - LINES_LIMIT));
    this.#takePage(isFromEnd ? await readLogBefore(this.jobId, gap.last + 1) : await readLogAfter(this.jobId, after), false);
  }

  #takePage(page: LogPage, isLive: boolean): void {
    this.isComplete = page.isComplete;
    this.buffer.extendTo(page.lastLine);
    this.#take(page.items.map(lineOf), isLive);
  }

  /** Take lines; the page is told once per frame. */
  #take(lines: Parameters<LogBuffer["add"]>[0], isLive: boolean): void {
    this.buffer.add(lines, { isLive });
    this.#pending ||= requestAnimationFrame(() => {
      this.#pending = 0;
      this.version += 1;
    });
  }

  #measure(at: string): void {
    const delay = Date.now() - Date.parse(at);
    if (Math.abs(delay) < DELAY_MS_MAX) this.delayMs = Math.max(0, delay);
  }
}
