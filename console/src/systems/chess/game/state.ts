// A game as this browser knows it: the committed log, and this player's own moves that aren't committed yet.
//
// Pure. Entries of the log may come twice, late or in another order, and answers may come before or after the entry that
// they are about. Whatever comes, the moves shown are those of the log up to `sequence`, plus at most one own move that
// follows from it.

import type { Answer, ClocksView, Colour, GameStatus, GameView, LogEvent, MoveView } from "$/services/chess";

export interface GameState {
  /** The last entry of the log that is applied. All before it are, too. */
  readonly sequence: number;
  /** Who makes the first move. */
  readonly first: Colour;
  readonly moves: readonly MoveView[];
  readonly status: GameStatus;
  readonly winner: Colour | null;
  readonly reason: string | null;
  readonly clocks: ClocksView | null;
  readonly offers: GameView["offers"];
  /** Who has left, and from when on the other one may claim the game. */
  readonly gone: Readonly<Record<Colour, string | null>>;
  /** Entries that came before one that is missing. */
  readonly early: ReadonlyMap<number, LogEvent>;
  /** This player's moves that the log doesn't have. */
  readonly own: readonly OwnMove[];
}

/** A move made here. It keeps its id however often it is sent, so that the server plays it once. */
export interface OwnMove {
  readonly clientMoveId: string;
  readonly ply: number;
  readonly uci: string;
  readonly san: string;
  /** When it was made, in this browser's time. */
  readonly madeAt: number;
  /** How long the player thought; 0 for a premove, null if this page can't say. */
  readonly moveTimeMs: number | null;
  readonly attempts: number;
  /**
   * `unsent`: to be sent, also again. `sent`: its answer is awaited. `committed`: so says its answer, and the log doesn't
   * have it yet. `rejected`: so says its answer. `withdrawn`: the game went on without it, and it isn't sent any more.
   */
  readonly phase: "unsent" | "sent" | "committed" | "rejected" | "withdrawn";
  readonly committedAs: number | null;
  readonly why: string;
}

/** The most entries that are kept while one before them is missing. */
export const EARLY_MAX = 1_000;

/** Begin with the game as it was read from the API, and with own moves that an earlier page left unanswered. */
export function begin(view: GameView, own: readonly OwnMove[] = []): GameState {
  const { lastSequence: sequence, moves, status, winner, reason, clocks, offers } = view;
  const first: Colour = view.initialFen.split(" ")[1] === "b" ? "black" : "white";
  const gone = { white: goneOf(view, "white"), black: goneOf(view, "black") };
  return settle({ early: new Map(), own, gone, first, sequence, moves, status, winner, reason, clocks, offers });
}

function goneOf(view: GameView, colour: Colour): string | null {
  return view.presence[colour]?.isGone ? view.presence[colour].claimableAt : null;
}

/**
 * Take the game as it was read from the API.
 *
 * `asked` is the state's sequence when the reading began. A view that is older than that comes from a database that was
 * restored, and wins; one that is only older than what came meanwhile is late, and is ignored.
 */
export function reload(state: GameState, view: GameView, asked: number): GameState {
  if (view.lastSequence < state.sequence && view.lastSequence >= asked) return state;
  const early = view.lastSequence < asked ? new Map<number, LogEvent>() : state.early;
  return applyEarly(settle({ ...begin(view), early, own: state.own }));
}

/** Take an entry of the log. */
export function receive(state: GameState, event: LogEvent): GameState {
  if (event.sequence <= state.sequence) return state;
  if (event.sequence > state.sequence + 1) {
    if (state.early.size >= EARLY_MAX) return state;
    return { ...state, early: new Map(state.early).set(event.sequence, event) };
  }
  return applyEarly(settle(apply(state, event)));
}

/** Whether an entry is missing that others, or the answer to an own move, say exists. */
export function isBehind(state: GameState): boolean {
  return state.early.size > 0 || state.own.some((move) => (move.committedAs ?? 0) > state.sequence);
}

/** The own move that is shown on the board, because it follows from the log. */
export function pendingOf(state: GameState): OwnMove | undefined {
  return state.own.find((move) => isOpen(move) && move.ply === state.moves.length + 1);
}

/** The own move that was refused last, until another one is made. */
export function refusedOf(state: GameState): OwnMove | undefined {
  return state.own.find((move) => move.phase === "rejected" || move.phase === "withdrawn");
}

/** Make a move here. Nothing happens while another one is open, or if the game has ended. */
export function make(state: GameState, move: Pick<OwnMove, "clientMoveId" | "uci" | "san" | "madeAt" | "moveTimeMs">): GameState {
  if (state.status === "ended" || state.own.some(isOpen)) return state;
  const made: OwnMove = { ...move, ply: state.moves.length + 1, attempts: 0, phase: "unsent", committedAs: null, why: "" };
  return { ...state, own: [made] };
}

/** The own move that has to be sent now, if any. */
export function unsentOf(state: GameState): OwnMove | undefined {
  return state.own.find((move) => move.phase === "unsent");
}

export function sending(state: GameState, clientMoveId: string): GameState {
  return change(state, clientMoveId, (move) =>
    move.phase === "unsent" ? { ...move, phase: "sent", attempts: move.attempts + 1 } : move,
  );
}

/** No answer came: it is to be sent again, with the same id. */
export function unanswered(state: GameState, clientMoveId: string): GameState {
  return change(state, clientMoveId, (move) => (move.phase === "sent" ? { ...move, phase: "unsent" } : move));
}

/** Take the server's answer to an own move. */
export function answered(state: GameState, clientMoveId: string, answer: Pick<Answer, "result" | "reason" | "detail" | "sequence">): GameState {
  return settle(
    change(state, clientMoveId, (move) => {
      if (answer.result === "rejected") return { ...move, phase: "rejected", why: answer.detail ?? answer.reason ?? "" };
      return { ...move, phase: "committed", committedAs: answer.sequence };
    }),
  );
}

/** Forget what was refused. */
export function dismiss(state: GameState): GameState {
  return { ...state, own: state.own.filter(isOpen) };
}

function isOpen(move: OwnMove): boolean {
  return move.phase === "unsent" || move.phase === "sent" || move.phase === "committed";
}

function change(state: GameState, clientMoveId: string, to: (move: OwnMove) => OwnMove): GameState {
  return { ...state, own: state.own.map((move) => (move.clientMoveId === clientMoveId ? to(move) : move)) };
}

function applyEarly(state: GameState): GameState {
  const early = new Map([...state.early].filter(([sequence]) => sequence > state.sequence));
  const next = early.get(state.sequence + 1);
  if (!next) return early.size === state.early.size ? state : { ...state, early };
  early.delete(next.sequence);
  return applyEarly(settle(apply({ ...state, early }, next)));
}

/** Let go of own moves that the log has, and withdraw those that it has overtaken. */
function settle(state: GameState): GameState {
  if (state.own.length === 0) return state;
  const ids = new Set(state.moves.map((move) => move.clientMoveId));
  const own = state.own
    .filter((move) => !ids.has(move.clientMoveId))
    // Committed according to its answer, and the log is past that entry: it was played, and taken back since.
    .filter((move) => move.phase !== "committed" || (move.committedAs ?? 0) > state.sequence)
    .map((move) => (isOpen(move) && move.phase !== "committed" ? overtaken(state, move) : move));
  return { ...state, own };
}

function overtaken(state: GameState, move: OwnMove): OwnMove {
  if (state.status === "ended") return { ...move, phase: "withdrawn", why: "The game had ended." };
  if (move.ply <= state.moves.length) return { ...move, phase: "withdrawn", why: "Another move was played instead." };
  // Sent later, it would be played in another position than that for which it was meant.
  if (move.ply > state.moves.length + 1) return { ...move, phase: "withdrawn", why: "Moves were taken back." };
  return move;
}

function apply(state: GameState, event: LogEvent): GameState {
  const applied = APPLY[event.type]?.(state, event) ?? state;
  return { ...applied, sequence: event.sequence };
}

type Apply = (state: GameState, event: LogEvent) => GameState;

const APPLY: Readonly<Record<string, Apply>> = {
  move: applyMove,
  takeback: (state, event) => ({
    ...takenBack(state, event["plies"] as number),
    clocks: clocksOf(takenBack(state, event["plies"] as number), event),
    own: state.own.map((move) => (isOpen(move) ? { ...move, phase: "withdrawn", why: "Moves were taken back." } : move)),
  }),
  draw_offered: (state, event) => ({ ...state, offers: { ...state.offers, draw: event["colour"] as Colour } }),
  draw_declined: (state) => ({ ...state, offers: { ...state.offers, draw: null } }),
  takeback_offered: (state, event) => ({ ...state, offers: { ...state.offers, takeback: event["colour"] as Colour } }),
  takeback_declined: (state) => ({ ...state, offers: { ...state.offers, takeback: null } }),
  time_added: (state, event) => ({ ...state, clocks: withTime(state.clocks, event["colour"] as Colour, event["byMs"] as number) }),
  // Nothing ran during an outage: the turn began that much later.
  clock_adjusted: (state, event) => ({ ...state, clocks: state.clocks && { ...state.clocks, at: later(state.clocks.at, event["byMs"] as number) } }),
  player_gone: (state, event) => ({ ...state, gone: { ...state.gone, [event["colour"] as Colour]: event["claimableAt"] as string } }),
  player_back: (state, event) => ({ ...state, gone: { ...state.gone, [event["colour"] as Colour]: null } }),
  ended: (state, event) => ({
    ...state,
    status: "ended",
    winner: event["winner"] as Colour | null,
    reason: event["reason"] as string,
    offers: { draw: null, takeback: null },
    clocks: clocksOf({ ...state, status: "ended" }, event),
  }),
};

function applyMove(state: GameState, event: LogEvent): GameState {
  const ply = event["ply"] as number;
  const mover: Colour = moverOf(state, ply);
  const clocks = event["clocks"] as { whiteMs: number | null; blackMs: number | null } | null;
  const move: MoveView = {
    ply,
    uci: event["uci"] as string,
    san: event["san"] as string,
    clockMs: clocks && (mover === "white" ? clocks.whiteMs : clocks.blackMs),
    elapsedMs: (event["elapsedMs"] as number | null) ?? null,
    lagMs: (event["claimedLagMs"] as number | null) ?? null,
    compensationMs: (event["compensationMs"] as number | null) ?? null,
    quotaMs: (event["quotaMs"] as number | null) ?? null,
    clientMoveId: (event["clientMoveId"] as string | null) ?? null,
    at: event.at,
  };
  const played: GameState = {
    ...state,
    status: ply >= 2 ? "running" : state.status,
    moves: [...state.moves.slice(0, ply - 1), move],
    // A move declines the other player's offer of a draw, and ends what was asked to take back.
    offers: { draw: state.offers.draw === mover ? mover : null, takeback: null },
  };
  return { ...played, clocks: clocksOf(played, event) };
}

function takenBack(state: GameState, plies: number): GameState {
  const moves = state.moves.slice(0, Math.max(0, state.moves.length - plies));
  return { ...state, moves, offers: { draw: null, takeback: null } };
}

/** Who makes a ply. In a game from a position in which Black begins, that isn't what its number says. */
export function moverOf(state: GameState, ply: number): Colour {
  return (ply % 2 === 1) === (state.first === "white") ? "white" : "black";
}

/** The clocks that an entry says; that of the player to move runs, once both have made their first move. */
function clocksOf(state: GameState, event: LogEvent): ClocksView | null {
  const given = event["clocks"] as Partial<ClocksView> | null | undefined;
  const running = state.status === "running" ? moverOf(state, state.moves.length + 1) : null;
  return state.clocks && { ...state.clocks, ...given, running, at: event.at };
}

function withTime(clocks: ClocksView | null, colour: Colour, byMs: number): ClocksView | null {
  if (!clocks || clocks.whiteMs === null || clocks.blackMs === null) return clocks;
  return colour === "white" ? { ...clocks, whiteMs: clocks.whiteMs + byMs } : { ...clocks, blackMs: clocks.blackMs + byMs };
}

function later(at: string, byMs: number): string {
  return new Date(Date.parse(at) + byMs).toISOString();
}

export function other(colour: Colour): Colour {
  return colour === "white" ? "black" : "white";
}
