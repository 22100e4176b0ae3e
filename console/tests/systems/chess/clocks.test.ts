import { expect, test } from "vitest";

import { clockFace, clockName, firstMoveBy, secondsText, ServerTime, timeLeft } from "$/systems/chess/game/clocks";
import { isLate, lagText, qualityOf, qualityText, withTrip, type RoundTrip } from "$/systems/chess/game/quality";

const AT = Date.parse("2026-11-27T12:00:00.000Z");
const CLOCKS = { whiteMs: 10_000, blackMs: 20_000, running: "white", at: "2026-11-27T12:00:00.000Z" } as const;

test("only the clock that runs falls, not below nothing, and not before its time", () => {
  expect([0, 4_000, 60_000, -500].map((later) => timeLeft(CLOCKS, "white", AT + later))).toEqual([10_000, 6_000, 0, 10_000]);
  expect(timeLeft(CLOCKS, "black", AT + 4_000)).toBe(20_000);
});

test.each([
  [67_900, "1:07"],
  [10_000, "0:10"],
  [9_999, "0:09.9"],
  [8_349, "0:08.3"],
  [49, "0:00.0"],
  [0, "0:00.0"],
  [3_729_000, "1:02:09"],
  [183_600_000, "2 d 3 h"],
])("%i ms is %s", (ms, face) => {
  expect(clockFace(ms)).toBe(face);
});

test.each([
  [{ limitS: 180, incrementS: 2 }, "3 + 2"],
  [{ limitS: 30, incrementS: 0 }, "½ + 0"],
  [{ limitS: 20, incrementS: 1 }, "20 s + 1"],
  [{ daysPerTurn: 1 }, "1 day a turn"],
  [null, "no clock"],
])("%j is %s", (clock, name) => {
  expect(clockName(clock)).toBe(name);
});

test("seconds have one digit, or none from 100 on", () => {
  expect([secondsText(10_240), secondsText(112_400), secondsText(70, 2), secondsText(null)]).toEqual(["10.2", "112", "0.07", "–"]);
});

test("the server's time is that of the quickest answer", () => {
  const time = new ServerTime(3);
  expect(time.at(1_000)).toBe(1_000);
  time.sample(5_500, 0, 1_000);
  time.sample(6_030, 1_000, 1_040);
  expect(time.offsetMs).toBe(5_010);
  // The quick one is forgotten after three more: clocks drift.
  for (const sent of [2_000, 3_000, 4_000]) time.sample(sent + 5_150, sent, sent + 200);
  expect(time.offsetMs).toBe(5_050);
});

const BEGUN = { clock: { limitS: 180, incrementS: 2 }, createdAt: "2026-11-27T12:00:00.000Z", deadlineAt: "2026-11-27T12:00:25.000Z", moves: [] };
const FIRST = { at: "2026-11-27T12:00:10.000Z" };

test("each first move has its own time, also the one that comes after the game was read", () => {
  expect(firstMoveBy(BEGUN, [], "created")).toBe(AT + 25_000);
  expect(firstMoveBy(BEGUN, [FIRST], "created")).toBe(AT + 35_000);
  expect(firstMoveBy({ ...BEGUN, moves: [FIRST], deadlineAt: "2026-11-27T12:00:35.000Z" }, [FIRST], "created")).toBe(AT + 35_000);
});

test("nothing is said of a first move that was made, or that can take days", () => {
  expect(firstMoveBy(BEGUN, [FIRST, FIRST], "running")).toBeUndefined();
  expect(firstMoveBy({ ...BEGUN, clock: { daysPerTurn: 3 } }, [], "created")).toBeUndefined();
  expect(firstMoveBy({ ...BEGUN, clock: null, deadlineAt: null }, [], "created")).toBeUndefined();
});

const trip = (ms: number | null, at = AT): RoundTrip => ({ at, ms });
const STEADY = [60, 64, 68, 64, 60, 64].map((ms) => trip(ms));

test("a steady connection is said to be steady", () => {
  expect(qualityText(qualityOf(STEADY, AT))).toBe("63 ms ± 3, steady");
  expect(qualityOf(STEADY, AT).note).toBe("1 min, steady");
});

test("a late answer is counted, and isn't in the mean", () => {
  const trips = withTrip(STEADY, trip(1_310));
  expect(trips.map((each) => isLate(trips, each))).toEqual([false, false, false, false, false, false, true]);
  expect(qualityText(qualityOf(trips, AT))).toBe("63 ms ± 3, 1 of the last 7 late");
  expect(qualityOf(trips, AT).note).toBe("1 min; one answer late, up to 1.31 s");
});

test("an answer that didn't come is late too, and is forgotten after a minute", () => {
  const trips = withTrip(STEADY, trip(null));
  expect(qualityOf(trips, AT).note).toBe("1 min; one answer didn't come");
  expect(qualityOf(trips, AT + 61_000).note).toBe("1 min, steady");
});

test("a hundred round trips are kept", () => {
  let trips: readonly RoundTrip[] = [];
  for (let count = 0; count < 130; count += 1) trips = withTrip(trips, trip(count));
  expect([trips.length, trips[0]?.ms]).toEqual([100, 30]);
});

test.each([
  [[], ""],
  [[null, 60, 70, 80], "70 ms, steady"],
  [[60, 70, 80, 1_310], "80 ms, 1 of the last 4 late"],
])("the lags %j of a player's moves are %s", (lags, expected) => {
  expect(lagText(lags.map((lagMs) => ({ lagMs })))).toBe(expected);
});
