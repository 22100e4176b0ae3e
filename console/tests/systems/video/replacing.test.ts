import { expect, test } from "vitest";

import { Replacing, type Listed } from "$/systems/video/player/replacing";

const SEGMENT_S = 2;
const RUNGS = ["360p", "480p", "720p"];
const MOMENT = { positionS: 4.5, bufferedUntilS: 12, aheadS: 1 };

/** A growing playlist, with the rung that each place has so far. */
function listedWith(...rungs: readonly string[]): Listed[] {
  return rungs.map((rung, sn) => ({ sn, start: sn * SEGMENT_S, end: (sn + 1) * SEGMENT_S, url: `/stream/t/vtl_1/720p/${sn}.m4s?of=${rung}` }));
}

function replacingAfter(loaded: readonly Listed[]): Replacing {
  const replacing = new Replacing();
  replacing.listRungs(RUNGS.map((rung) => `/stream/t/vtl_1/${rung}/growing.m3u8`));
  for (const each of loaded) replacing.load(each);
  return replacing;
}

/** Which segments are removed. */
const numbersOf = (ranges: readonly { startS: number }[]): number[] => ranges.map(({ startS }) => Math.floor(startS / SEGMENT_S));

const LOW = listedWith("360p", "360p", "360p", "360p", "360p", "360p");
const HIGH = listedWith("480p", "480p", "480p", "480p", "480p", "480p");

test("what plays now stays, what comes is replaced one segment at a time, and what was played at once", () => {
  const replacing = replacingAfter(LOW);
  expect(numbersOf(replacing.next(HIGH, MOMENT))).toEqual([0, 3]);
  // The gap that this makes is filled first.
  expect(replacing.next(HIGH, { ...MOMENT, bufferedUntilS: 6.25 })).toEqual([]);
  replacing.load(HIGH[3] as Listed);
  expect([numbersOf(replacing.next(HIGH, MOMENT)), numbersOf(replacing.next(HIGH, MOMENT)), replacing.next(HIGH, MOMENT)]).toEqual([[4], [5], []]);
});

test("a segment that couldn’t arrive before it is played stays", () => {
  expect(numbersOf(replacingAfter(LOW).next(HIGH, { ...MOMENT, aheadS: 3 }))).toEqual([0, 4]);
  expect(numbersOf(replacingAfter(LOW).next(HIGH, { ...MOMENT, aheadS: 30 }))).toEqual([0]);
});

test("a part of a segment is left, so that nothing of its neighbours is removed", () => {
  expect(replacingAfter(LOW).next(HIGH, { ...MOMENT, positionS: 2.5 })).toEqual([{ startS: 4.25, endS: 5.95 }]);
});

test("neither the same quality nor a lower one replaces anything", () => {
  expect(replacingAfter(HIGH).next(HIGH, MOMENT)).toEqual([]);
  expect(replacingAfter(HIGH).next(LOW, MOMENT)).toEqual([]);
  expect(numbersOf(replacingAfter(HIGH).next(listedWith("480p", "480p", "480p", "480p", "720p", "480p"), MOMENT))).toEqual([4]);
});

test("a title that was ready when it began has no stand-ins to replace", () => {
  const ready = LOW.map((each) => ({ ...each, url: each.url.replace(/720p|\?.*/g, "") }));
  expect(replacingAfter(ready).next(HIGH, MOMENT)).toEqual([]);
});
