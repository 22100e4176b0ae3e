// What happens on the server is announced by feeds. Whoever shows something watches its channel.

import { connection } from "./connection.svelte";

/** Called with an entry of the channel, or with null if something may have changed. */
export type Listener = (entry: unknown) => void;

export interface Feed {
  /** Watch a channel. Returns what ends that. */
  watch(channel: string, listener: Listener): () => void;
}

const POLL_MS = 2_000;

/** Asks again and again. It needs no channel, and misses nothing that lasts. */
export class PollingFeed implements Feed {
  #listeners = new Set<Listener>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor() {
    connection.onReturn(() => this.#ring());
    document.addEventListener("visibilitychange", () => this.#ring());
  }

  watch(_channel: string, listener: Listener): () => void {
    this.#listeners.add(listener);
    this.#timer ??= setInterval(() => this.#ring(), POLL_MS);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  #ring(): void {
    if (document.hidden || connection.lostAt !== null) return;
    for (const listener of this.#listeners) listener(null);
  }
}

export const feed: Feed = new PollingFeed();
