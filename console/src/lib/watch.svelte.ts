// Reading again when a feed rings, at most twice a second.

import { untrack } from "svelte";

import { connection } from "$/services/connection.svelte";
import { feed } from "$/services/feed";

const INTERVAL_MS = 500;
/** How often something is read that no feed tells of. */
const REPEATED_MS = 3_000;

/** Refresh at once, when one of the channels rings, and when the connection is back. Call it in a component's script. */
export function useFeed(channels: () => readonly string[], refresh: () => Promise<unknown>): void {
  // As a text, so that only another channel begins the watch again, and not each answer.
  const names = $derived(channels().join(" "));
  $effect(() => {
    const watched = names.split(" ");
    const throttled = throttle(refresh);
    untrack(throttled);
    const ends = [...watched.map((channel) => feed.watch(channel, throttled)), connection.onReturn(throttled)];
    return () => ends.forEach((end) => end());
  });
}

/** Read at once, and then every few seconds while the page is seen. Returns what ends that. */
export function repeatedly(refresh: () => Promise<unknown>): () => void {
  const read = (): void => void (document.hidden || connection.lostAt !== null || refresh());
  untrack(() => void refresh());
  const timer = setInterval(read, REPEATED_MS);
  return () => clearInterval(timer);
}

/** Run at once, then at most once per interval; a call in between runs at its end. */
export function throttle(act: () => Promise<unknown>, intervalMs = INTERVAL_MS): () => void {
  let isRunning = false;
  let isWanted = false;
  const run = async (): Promise<void> => {
    isRunning = true;
    isWanted = false;
    await act();
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
    isRunning = false;
    if (isWanted) void run();
  };
  return () => {
    isWanted = true;
    if (!isRunning) void run();
  };
}
