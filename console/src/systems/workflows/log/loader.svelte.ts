// Brings the lines of a job's log: the end and the wanted place first, then the rest, and those that arrive meanwhile.

import { feed } from "$/services/feed";
import { linesOf, logChannel, readLogAfter, type LogPage } from "$/services/workflows_log";

import { LogBuffer, PAGE_LINES } from "./buffer";
import { lineOf } from "./lines";

/** A clock that is further off says nothing about the delay. */
const DELAY_MS_MAX = 60_000;
const RETRY_MS = 2_000;
/** Pages that are read at once. */
const READS_MAX = 3;
/** How often the page is told of lines that fill gaps. */
const FILLED_MS = 150;

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
  /** The line that is looked at: pages near it are read first. */
  wanted = 1;
  readonly #pages = new Set<number>();
  #isEnded = false;
  #isReading = false;
  #isWanted = false;
  #isTold = true;

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

  /** Read what is missing, some pages at once. */
  async #fill(): Promise<void> {
    if (!this.isLoaded) return;
    while (this.#pages.size < READS_MAX && !this.#isEnded && !this.buffer.isFull) {
      const page = this.buffer.pageNear(this.wanted, (each) => this.#pages.has(each));
      if (page === undefined) return;
      void this.#readPage(page);
    }
  }

  async #readPage(page: number): Promise<void> {
    this.#pages.add(page);
    const before = this.buffer.count;
    const isRead = await readLogAfter(this.jobId, this.buffer.firstMissing(page) - 1, (page + 1) * PAGE_LINES).then(
      (read) => (this.#takePage(read, false), true),
      () => false,
    );
    // Without an answer, or without the lines that the server has no more, it isn't tried again at once.
    if (!isRead || this.buffer.count === before) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    this.#pages.delete(page);
    await this.#fill();
  }

  #takePage(page: LogPage, isLive: boolean): void {
    this.isComplete = page.isComplete;
    this.buffer.extendTo(page.lastLine);
    this.#take(page.items.map(lineOf), isLive);
  }

  /** Take lines; the page is told once per frame of what is new, and less often of what fills gaps. */
  #take(lines: Parameters<LogBuffer["add"]>[0], isLive: boolean): void {
    this.buffer.add(lines, { isLive });
    if (!this.#isTold) return;
    this.#isTold = false;
    const tell = (): void => {
      this.#isTold = true;
      this.version += 1;
    };
    if (isLive || this.version === 0) requestAnimationFrame(tell);
    else setTimeout(tell, FILLED_MS);
  }

  #measure(at: string): void {
    const delay = Date.now() - Date.parse(at);
    if (Math.abs(delay) < DELAY_MS_MAX) this.delayMs = Math.max(0, delay);
  }
}
