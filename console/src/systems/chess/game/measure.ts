// Round trips to the server, measured while a game is played.

import { connection } from "$/services/connection.svelte";

const EVERY_MS = 2_500;
const ANSWER_MS_MAX = 5_000;

/** Measure round trips; null is one without an answer. Returns what ends that. */
export function measure(ontrip: (ms: number | null) => void): () => void {
  let isOver = false;
  let timer: ReturnType<typeof setTimeout>;
  const run = async (): Promise<void> => {
    if (connection.lostAt === null && !document.hidden) await once(ontrip);
    if (!isOver) timer = setTimeout(run, EVERY_MS);
  };
  void run();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}

async function once(ontrip: (ms: number | null) => void): Promise<void> {
  const began = performance.now();
  try {
    const response = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    await response.text();
    const ms = performance.now() - began;
    ontrip(ms);
    connection.answered(ms);
  } catch {
    ontrip(null);
    connection.lost();
  }
}
