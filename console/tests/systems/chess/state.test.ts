import { describe, expect, test } from "vitest";

import type { GameView, LogEvent } from "$/services/chess";
import {
  answered,
  begin,
  dismiss,
  isBehind,
  make,
  pendingOf,
  receive,
  refusedOf,
  reload,
  sending,
  unanswered,
  unsentOf,
  type GameState,
} from "$/systems/chess/game/state";

const START = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1";
const AT = "2026-11-27T12:00:00.000Z";
const LINE = ["e2e4", "e7e5", "g1f3", "b8c6", "f1b5", "a7a6", "b5a4", "g8f6"];

function view(sequence: number, plies: number, changes: Partial<GameView> = {}): GameView {
  const moves = LINE.slice(0, plies).map((uci, index) => ({
    ply: index + 1, uci, san: uci, clockMs: 180_000, elapsedMs: 0, lagMs: 0, compensationMs: 0, quotaMs: 0, clientMoveId: `id-${index + 1}`, at: AT,
  }));
  return {
    lastSequence: sequence, presence: { white: null, black: null }, moves, status: "running", winner: null, reason: null, initialFen: START, offers: { draw: null, takeback: null },
    clocks: { whiteMs: 180_000, blackMs: 180_000, running: null, at: AT }, ...changes,
  } as GameView;
}

/** The entry of the log of a ply; `started` is the first one. */
function move(ply: number, changes: Record<string, unknown> = {}): LogEvent {
  const clocks = { whiteMs: 180_000 - ply, blackMs: 170_000 - ply };
  return { sequence: ply + 1, type: "move", at: AT, ply, uci: LINE[ply - 1], san: LINE[ply - 1], clocks, clientMoveId: `id-${ply}`, ...changes };
}

function own(state: GameState, id = "mine", uci = LINE[state.moves.length] ?? ""): GameState {
  return make(state, { clientMoveId: id, uci, san: uci, madeAt: 0, moveTimeMs: 10 });
}

function play(state: GameState, ...events: LogEvent[]): GameState {
  return events.reduce(receive, state);
}

const shown = (state: GameState): string =>
  [...state.moves.map((each) => each.uci), ...(pendingOf(state) ? [`(${pendingOf(state)?.uci})`] : [])].join(" ");
const committed = (sequence: number) => ({ result: "committed", reason: null, detail: null, sequence }) as const;
const rejected = { result: "rejected", reason: "not_your_turn", detail: "It is Black's turn.", sequence: 1 } as const;

describe("the log", () => {
  const in_order = [1, 2, 3, 4, 5, 6];
  const orders: [string, number[]][] = [
    ["in order", in_order],
    ["each twice", in_order.flatMap((ply) => [ply, ply])],
    ["all twice", [...in_order, ...in_order]],
    ["backwards", [...in_order].reverse()],
    ["neighbours swapped", [2, 1, 4, 3, 6, 5]],
    ["the first one last", [2, 3, 4, 5, 6, 1]],
    ["late duplicates of what is applied", [1, 2, 1, 3, 2, 4, 1, 5, 6, 3]],
    ["duplicates of what is early", [3, 3, 2, 2, 6, 1, 4, 6, 5]],
  ];
  test.each(orders)("that comes %s is the same game", (_name, order) => {
    const state = play(begin(view(1, 0)), ...order.map((ply) => move(ply)));
    expect(shown(state)).toBe(LINE.slice(0, 6).join(" "));
    expect(state.sequence).toBe(7);
    expect(isBehind(state)).toBe(false);
    expect(state.early.size).toBe(0);
  });

  test("with a gap shows what is before the gap, and says that it is behind", () => {
    const state = play(begin(view(1, 0)), move(1), move(3), move(4));
    expect(shown(state)).toBe("e2e4");
    expect(isBehind(state)).toBe(true);
    expect(shown(receive(state, move(2)))).toBe("e2e4 e7e5 g1f3 b8c6");
  });

  test("that is read again fills a gap, and what came early follows", () => {
    const behind = play(begin(view(1, 0)), move(1), move(5), move(6));
    const state = reload(behind, view(5, 4), behind.sequence);
    expect(shown(state)).toBe(LINE.slice(0, 6).join(" "));
    expect(isBehind(state)).toBe(false);
  });

  test("that is read late doesn't take back what came meanwhile", () => {
    const asked = begin(view(1, 0));
    const state = reload(play(asked, move(1), move(2)), view(2, 1), asked.sequence);
    expect(shown(state)).toBe("e2e4 e7e5");
  });

  test("of a restored database wins over what was shown", () => {
    const ahead = play(begin(view(1, 0)), move(1), move(2), move(3), move(5));
    const state = reload(ahead, view(2, 1), ahead.sequence);
    expect(shown(state)).toBe("e2e4");
    expect(isBehind(state)).toBe(false);
  });

  test("with an entry of an unknown type goes on after it", () => {
    const state = play(begin(view(1, 0)), { sequence: 2, type: "berserk", at: AT }, move(1, { sequence: 3 }));
    expect([state.sequence, shown(state)]).toEqual([3, "e2e4"]);
  });

  test("of a game from a position in which Black begins has Black's clock at the first ply", () => {
    const state = receive(begin(view(1, 0, { initialFen: START.replace(" w ", " b ") })), move(1));
    expect(state.moves[0]?.clockMs).toBe(170_000 - 1);
  });

  const offers: [string, LogEvent[], GameState["offers"]][] = [
    ["an offer of a draw", [event(2, "draw_offered", { colour: "white" })], { draw: "white", takeback: null }],
    ["declined", [event(2, "draw_offered", { colour: "white" }), event(3, "draw_declined")], { draw: null, takeback: null }],
    ["the other player's move declines it", [event(2, "draw_offered", { colour: "black" }), move(1, { sequence: 3 })], { draw: null, takeback: null }],
    ["one's own move keeps it", [event(2, "draw_offered", { colour: "white" }), move(1, { sequence: 3 })], { draw: "white", takeback: null }],
    ["a takeback that was asked for", [event(2, "takeback_offered", { colour: "black" })], { draw: null, takeback: "black" }],
    ["one's own move withdraws it", [event(2, "takeback_offered", { colour: "white" }), move(1, { sequence: 3 })], { draw: null, takeback: null }],
  ];
  test.each(offers)("has %s", (_name, events, expected) => {
    expect(play(begin(view(1, 0)), ...events).offers).toEqual(expected);
  });

  test("that ends stops both clocks", () => {
    const state = play(begin(view(1, 0)), move(1), move(2), event(4, "ended", { winner: "white", reason: "flag" }));
    expect([state.status, state.winner, state.reason, state.clocks?.running]).toEqual(["ended", "white", "flag", null]);
  });

  const clocks: [string, LogEvent[], GameState["clocks"]][] = [
    ["don't run before both first moves", [move(1)], { whiteMs: 179_999, blackMs: 169_999, running: null, at: AT }],
    ["run for who is to move", [move(1), move(2)], { whiteMs: 179_998, blackMs: 169_998, running: "white", at: AT }],
    [
      "get what is added, without giving back the time of the turn",
      [move(1), move(2), { ...event(4, "time_added", { colour: "white", byMs: 15_000 }), at: "2026-11-27T12:00:09.000Z" }],
      { whiteMs: 194_998, blackMs: 169_998, running: "white", at: AT },
    ],
    [
      "stood still during an outage",
      [move(1), move(2), event(4, "clock_adjusted", { reason: "outage", byMs: 5_000 })],
      { whiteMs: 179_998, blackMs: 169_998, running: "white", at: "2026-11-27T12:00:05.000Z" },
    ],
    [
      "are those of the position after a takeback",
      [move(1), move(2), move(3), event(5, "takeback", { plies: 1, clocks: { whiteMs: 100, blackMs: 200 } })],
      { whiteMs: 100, blackMs: 200, running: "white", at: AT },
    ],
  ];
  test.each(clocks)("has clocks that %s", (_name, events, expected) => {
    expect(play(begin(view(1, 0, { status: "created" })), ...events).clocks).toEqual(expected);
  });

  test("of a game without a limit has no times", () => {
    const none = { whiteMs: null, blackMs: null };
    const state = receive(begin(view(1, 0, { clocks: { ...none, running: null, at: AT } })), move(1, { clocks: none }));
    expect([state.moves[0]?.clockMs, state.clocks?.whiteMs]).toEqual([null, null]);
  });

  test("says from when on a game may be claimed, until the player is back", () => {
    const gone = play(begin(view(1, 0)), event(2, "player_gone", { colour: "black", claimableAt: AT }));
    expect(gone.gone.black).toBe(AT);
    expect(receive(gone, event(3, "player_back", { colour: "black" })).gone.black).toBeNull();
  });
});

function event(sequence: number, type: string, fields: Record<string, unknown> = {}): LogEvent {
  return { sequence, type, at: AT, ...fields };
}

describe("an own move", () => {
  const start = begin(view(1, 0));
  const sent = sending(own(start), "mine");
  const mine = move(1, { clientMoveId: "mine" });
  const readAgain = view(2, 1, { moves: view(2, 1).moves.map((each) => ({ ...each, clientMoveId: "mine" })) });

  test("is shown at once, and is to be sent", () => {
    expect(shown(own(start))).toBe("(e2e4)");
    expect(unsentOf(own(start))?.clientMoveId).toBe("mine");
    expect(unsentOf(sent)).toBeUndefined();
  });

  // However the answer and the entry come, the move stands once in the log.
  const ends: [string, GameState][] = [
    ["the entry, then the answer", answered(receive(sent, mine), "mine", committed(2))],
    ["the answer, then the entry", receive(answered(sent, "mine", committed(2)), mine)],
    ["the answer twice", receive(answered(answered(sent, "mine", committed(2)), "mine", committed(2)), mine)],
    ["no answer, then the entry", receive(unanswered(sent, "mine"), mine)],
    ["sent again, and the entry of the first time", receive(sending(unanswered(sent, "mine"), "mine"), mine)],
    ["the entry only in what is read again", reload(unanswered(sent, "mine"), readAgain, 1)],
    ["the page was loaded again before its answer", begin(readAgain, unanswered(sent, "mine").own)],
    ["the entry, and no answer to what was sent again", unanswered(receive(sending(unanswered(sent, "mine"), "mine"), mine), "mine")],
  ];
  test.each(ends)("is committed once: %s", (_name, state) => {
    expect([shown(state), state.own.length, unsentOf(state)]).toEqual(["e2e4", 0, undefined]);
  });

  test("is sent again with its id by a page that was loaded again", () => {
    const state = begin(view(1, 0), unanswered(sent, "mine").own);
    expect([shown(state), unsentOf(state)?.clientMoveId]).toEqual(["(e2e4)", "mine"]);
  });

  test("of a page that was loaded again is withdrawn if another one was played", () => {
    expect(refusedOf(begin(view(2, 1), own(start, "mine", "d2d4").own))?.why).toBe("Another move was played instead.");
  });

  test("keeps its id when it is sent again, and counts the attempts", () => {
    const again = sending(unanswered(sent, "mine"), "mine");
    expect(again.own.map(({ clientMoveId, attempts }) => [clientMoveId, attempts])).toEqual([["mine", 2]]);
  });

  test("that is committed by its answer is shown until the log has it, and the log is behind", () => {
    const state = answered(sent, "mine", committed(2));
    expect([shown(state), isBehind(state)]).toEqual(["(e2e4)", true]);
    expect(unsentOf(unanswered(state, "mine"))).toBeUndefined();
  });

  test("that is rejected leaves the board, and says why, until another one is made", () => {
    const state = answered(sent, "mine", rejected);
    expect([shown(state), refusedOf(state)?.why]).toEqual(["", "It is Black's turn."]);
    expect(refusedOf(own(state, "next"))).toBeUndefined();
    expect(refusedOf(dismiss(state))).toBeUndefined();
  });

  test("is followed by the other player's, in one go with it after an outage", () => {
    const state = play(unanswered(sent, "mine"), move(2), mine);
    expect([shown(state), state.own]).toEqual(["e2e4 e7e5", []]);
  });

  test("can't be made while another one is open, or after the end", () => {
    expect(own(own(start), "second").own.map((each) => each.clientMoveId)).toEqual(["mine"]);
    const ended = receive(start, event(2, "ended", { winner: null, reason: "agreement" }));
    expect(own(ended)).toBe(ended);
  });

  // What the log does while the move is on its way: never is it sent into another position.
  const overtakes: [string, LogEvent[], string, string][] = [
    ["another of the player's devices was faster", [move(1)], "e2e4", "Another move was played instead."],
    ["the game ended", [event(2, "ended", { winner: "black", reason: "flag" })], "", "The game had ended."],
    ["the moves before it were taken back", [event(2, "takeback", { plies: 0 })], "", "Moves were taken back."],
  ];
  test.each(overtakes)("is withdrawn if %s", (_name, events, board, why) => {
    for (const state of [play(sent, ...events), play(unanswered(sent, "mine"), ...events)]) {
      expect([shown(state), refusedOf(state)?.why, unsentOf(state)]).toEqual([board, why, undefined]);
    }
  });

  test("isn't sent after a takeback, even when its ply comes round again", () => {
    const third = sending(own(begin(view(5, 4)), "mine", "f1b5"), "mine");
    const back = receive(unanswered(third, "mine"), event(6, "takeback", { plies: 2 }));
    const again = play(back, move(3, { sequence: 7, uci: "f1c4" }), move(4, { sequence: 8 }));
    expect(again.moves.length).toBe(4);
    expect([shown(again), unsentOf(again), pendingOf(again)]).toEqual(["e2e4 e7e5 f1c4 b8c6", undefined, undefined]);
  });

  test("that was played and then taken back is gone, whatever its answer says", () => {
    const state = play(sent, mine, event(3, "takeback", { plies: 1 }));
    expect([shown(answered(state, "mine", committed(2))), shown(state)]).toEqual(["", ""]);
    const late = answered(reload(sent, view(3, 0), 1), "mine", committed(2));
    expect([shown(late), isBehind(late)]).toEqual(["", false]);
  });

  test("that was withdrawn here and committed there is in the log all the same", () => {
    const withdrawn = receive(sent, event(2, "takeback", { plies: 0 }));
    const state = receive(withdrawn, move(1, { sequence: 3, clientMoveId: "mine" }));
    expect([shown(state), state.own.length]).toEqual(["e2e4", 0]);
  });

  test("waits for its own turn in the log: an entry before it that is missing doesn't withdraw it", () => {
    const second = own(play(start, move(1)), "mine", "e7e5");
    const state = receive(second, move(3));
    expect([shown(state), isBehind(state)]).toEqual(["e2e4 (e7e5)", true]);
    expect(shown(receive(state, move(2, { clientMoveId: "mine" })))).toBe("e2e4 e7e5 g1f3");
  });
});

/** Networks of a hundred seeds: entries and answers are lost, doubled and reordered; what both know is the log. */
test("on a hostile network a game ends as the log has it", () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const random = randomOf(seed);
    let state = begin(view(1, 0));
    const log: LogEvent[] = [];
    const wire: (() => void)[] = [];
    const deliver = (entry: LogEvent): void => {
      for (let copies = Math.floor(random() * 3); copies > 0; copies -= 1) wire.push(() => (state = receive(state, entry)));
    };
    const commit = (uci: string, clientMoveId: string): number => {
      const known = log.find((entry) => entry["clientMoveId"] === clientMoveId);
      if (known) return known.sequence;
      log.push(move(log.length + 1, { uci, clientMoveId }));
      deliver(log.at(-1)!);
      return log.length + 1;
    };
    for (let step = 0; step < 400 && (log.length < LINE.length || shown(state) !== LINE.join(" ")); step += 1) {
      if (log.length % 2 === 1 && log.length < LINE.length) commit(LINE[log.length]!, `theirs-${log.length}`);
      if (state.moves.length % 2 === 0 && state.moves.length < LINE.length && !pendingOf(state)) state = own(state, `mine-${state.moves.length}`);
      const unsent = unsentOf(state);
      if (unsent) {
        state = sending(state, unsent.clientMoveId);
        const arrives = random() < 0.7;
        const sequence = arrives ? commit(unsent.uci, unsent.clientMoveId) : 0;
        const isAnswered = arrives && random() < 0.5;
        wire.push(() => (state = isAnswered ? answered(state, unsent.clientMoveId, committed(sequence)) : unanswered(state, unsent.clientMoveId)));
      }
      if (wire.length) wire.splice(Math.floor(random() * wire.length), 1)[0]!();
      if (random() < 0.1) for (const entry of log.filter((each) => each.sequence > state.sequence)) state = receive(state, entry);
    }
    expect(shown(state), `seed ${seed}`).toBe(log.map((entry) => entry["uci"]).join(" "));
    expect(log.length, `seed ${seed}`).toBe(LINE.length);
  }
});

/** Mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let value = seed;
  return () => {
    value = (value + 0x6d2b79f5) | 0;
    let mixed = Math.imul(value ^ (value >>> 15), 1 | value);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
