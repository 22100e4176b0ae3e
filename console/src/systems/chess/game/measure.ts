// Round trips to the server, measured while a game is played.

import { sayLeaving, sayPresent } from "$/services/chess";
import { connection } from "$/services/connection.svelte";
import { RefusedError } from "$/services/http";

const EVERY_MS = 2_500;
const ANSWER_MS_MAX = 5_000;

/**
 * Measure round trips; null is one without an answer. For a player, each says that the player is there, and the end says
 * that the player leaves. Returns what ends that.
 */
export function measure(gameId: string, isPlayer: boolean, ontrip: (ms: number | null) => void): () => void {
  let isOver = false;
  let timer: ReturnType<typeof setTimeout>;
  const run = async (): Promise<void> => {
    if (connection.lostAt === null && !document.hidden) await once(isPlayer ? () => sayPresent(gameId) : askForHealth, ontrip);
    if (!isOver) timer = setTimeout(run, EVERY_MS);
  };
  const leave = (): void => {
    // Without an answer, the silence says the same a little later.
    if (isPlayer && connection.lostAt === null) void sayLeaving(gameId).catch(() => undefined);
  };
  void run();
  window.addEventListener("pagehide", leave);
  return () => {
    isOver = true;
    clearTimeout(timer);
    window.removeEventListener("pagehide", leave);
    leave();
  };
}

async function once(ask: () => Promise<void>, ontrip: (ms: number | null) => void): Promise<void> {
  const began = performance.now();
  try {
    await ask();
  } catch (error) {
    // A refusal is an answer, too.
    if (!(error instanceof RefusedError)) return ontrip(null);
  }
  ontrip(performance.now() - began);
}

async function askForHealth(): Promise<void> {
  const began = performance.now();
  try {
    const response = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    await response.text();
    connection.answered(performance.now() - began);
  } catch (error) {
    connection.lost();
    throw error;
  }
}
