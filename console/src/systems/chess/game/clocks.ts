// The clocks run on the server's time; here they are only shown.

import type { ClockSetting, ClocksView, Colour, GameStatus, GameView } from "$/services/chess";

const DAY_MS = 86_400_000;

/** What is left to a player at an instant of the server's time, in a game with a limit. */
export function timeLeft(clocks: ClocksView, colour: Colour, serverNow: number): number {
  const left = (colour === "white" ? clocks.whiteMs : clocks.blackMs) ?? 0;
  if (clocks.running !== colour) return left;
  return Math.max(0, left - Math.max(0, serverNow - Date.parse(clocks.at)));
}

/** `1:07`, `12:40`, `1:02:09`, `3 d 4 h`; below ten seconds with tenths: `0:08.3`. */
export function clockFace(ms: number): string {
  if (ms >= DAY_MS) return `${Math.floor(ms / DAY_MS)} d ${Math.floor((ms % DAY_MS) / 3_600_000)} h`;
  if (ms < 10_000) {
    const tenths = Math.floor(ms / 100);
    return `0:${String(Math.floor(tenths / 10)).padStart(2, "0")}.${tenths % 10}`;
  }
  const seconds = Math.floor(ms / 1_000);
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60)];
  const tail = `${String(minutes).padStart(hours ? 2 : 1, "0")}:${String(seconds % 60).padStart(2, "0")}`;
  return hours ? `${hours}:${tail}` : tail;
}

/** Such as `3 + 2`, `½ + 0`, `2 days a turn`, `no clock`. */
export function clockName(clock: ClockSetting | null): string {
  if (clock?.daysPerTurn) return `${clock.daysPerTurn} ${clock.daysPerTurn === 1 ? "day" : "days"} a turn`;
  if (!clock || clock.limitS === null || clock.limitS === undefined) return "no clock";
  const limitS = clock.limitS;
  const minutes = { 15: "¼", 30: "½", 45: "¾" }[limitS] ?? (limitS % 60 === 0 ? String(limitS / 60) : `${limitS} s`);
  return `${minutes} + ${clock.incrementS ?? 0}`;
}

/** When a first move has to be made, in a game with a clock; nothing once both are made. */
export function firstMoveBy(view: FirstMoves, moves: readonly { readonly at: string }[], status: GameStatus): number | undefined {
  if (status !== "created" || typeof view.clock?.limitS !== "number" || view.deadlineAt === null) return undefined;
  const last = moves.at(-1);
  if (!last || moves.length === view.moves.length) return Date.parse(view.deadlineAt);
  // A move that came after the view was read: the second player has as long as the first one had.
  return Date.parse(last.at) + Date.parse(view.deadlineAt) - Date.parse(view.createdAt);
}

/** What `firstMoveBy` needs of a game as it was read. */
type FirstMoves = Pick<GameView, "createdAt" | "deadlineAt"> & { readonly clock: ClockSetting | null; readonly moves: readonly unknown[] };

/** Seconds as the list of moves and the audit show them: `10.2`, `64`, `–`. */
export function secondsText(ms: number | null | undefined, digits = 1): string {
  if (ms === null || ms === undefined) return "–";
  return (ms / 1_000).toFixed(ms >= 100_000 && digits === 1 ? 0 : digits);
}

/** How far the server's clock is ahead of this browser's, by the quickest of the last answers. */
export class ServerTime {
  readonly #samples: { readonly offsetMs: number; readonly roundTripMs: number }[] = [];

  constructor(readonly keep = 20) {}

  /** Take an answer that says the server's time, with when its request was sent and when it came, in this browser's time. */
  sample(serverAt: number, sentAt: number, receivedAt: number): void {
    this.#samples.push({ offsetMs: serverAt - (sentAt + receivedAt) / 2, roundTripMs: receivedAt - sentAt });
    if (this.#samples.length > this.keep) this.#samples.shift();
  }

  get offsetMs(): number {
    if (this.#samples.length === 0) return 0;
    return this.#samples.reduce((best, each) => (each.roundTripMs < best.roundTripMs ? each : best)).offsetMs;
  }

  /** The server's time at an instant of this browser's. */
  at(now: number): number {
    return now + this.offsetMs;
  }
}
