// Whether the server can be reached, since when it can't, and when it is tried again.

const FIRST_DELAY_MS = 1_000;
const DELAY_MS_MAX = 10_000;

/** How long a broken connection is kept from the person. */
export const QUIET_MS = 2_000;

class Connection {
  /** When the connection broke; null while it works. */
  lostAt = $state<number | null>(null);
  /** When the server answered last. */
  asOf = $state(Date.now());
  /** What becomes of changes while it is broken, if a page keeps them; else they are off. */
  whileLost = $state<string | undefined>();
  nextTryAt = $state<number | null>(null);
  latencyMs = $state<number | null>(null);

  #delayMs = FIRST_DELAY_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #returned = new Set<() => void>();

  /** Whether the person is told: a short break isn't worth a word. */
  isToldAt(now: number): boolean {
    return this.lostAt !== null && now - this.lostAt > QUIET_MS;
  }

  /** Call a function each time the connection is back. Returns what ends that. */
  onReturn(act: () => void): () => void {
    this.#returned.add(act);
    return () => this.#returned.delete(act);
  }

  answered(latencyMs: number): void {
    this.asOf = Date.now();
    this.latencyMs = this.latencyMs === null ? latencyMs : 0.7 * this.latencyMs + 0.3 * latencyMs;
    if (this.lostAt === null) return;
    this.lostAt = null;
    this.nextTryAt = null;
    this.#delayMs = FIRST_DELAY_MS;
    clearTimeout(this.#timer);
    for (const act of this.#returned) act();
  }

  lost(): void {
    if (this.lostAt !== null) return;
    this.lostAt = Date.now();
    this.#tryLater();
  }

  /** Try at once, rather than at `nextTryAt`. */
  async tryNow(): Promise<void> {
    clearTimeout(this.#timer);
    const began = performance.now();
    const isBack = await fetch("/readyz", { cache: "no-store" }).then(
      (response) => response.ok,
      () => false,
    );
    if (isBack) this.answered(performance.now() - began);
    else this.#tryLater();
  }

  #tryLater(): void {
    const delayMs = this.#delayMs;
    this.#delayMs = Math.min(2 * delayMs, DELAY_MS_MAX);
    this.nextTryAt = Date.now() + delayMs;
    this.#timer = setTimeout(() => void this.tryNow(), delayMs);
  }
}

export const connection = new Connection();
