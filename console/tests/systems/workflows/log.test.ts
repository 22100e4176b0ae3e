import { expect, test } from "vitest";

import { LogBuffer } from "$/systems/workflows/log/buffer";
import { findLines, markFound } from "$/systems/workflows/log/find";
import { lineOf, stampText } from "$/systems/workflows/log/lines";
import { linesHash, placeOf } from "$/systems/workflows/log/place";
import { Folds, gapRow, indexOfLine, kindOf, outlineOf, reveal, stepRow } from "$/systems/workflows/log/rows";

function bufferOf(texts: readonly string[], { from = 1, step = 1 } = {}): LogBuffer {
  const buffer = new LogBuffer();
  add(buffer, texts, { from, step });
  return buffer;
}

function add(buffer: LogBuffer, texts: readonly string[], { from = 1, step = 1, isLive = false } = {}): void {
  buffer.add(texts.map((text, at) => lineOf({ line: from + at, step, at: "2026-11-27T12:00:00Z", text })), { isLive });
}

const OPEN = (): boolean => false;

test("a line is what its mark says, and shows its text without it", () => {
  const kinds = ["##[group]Run the tests", "##[error]It failed", "##[endgroup]", "##[other]text", "plain"].map((text) => lineOf({ line: 1, step: 1, at: "", text }));
  expect(kinds.map(({ kind, text }) => [kind, text])).toEqual([["group", "Run the tests"], ["error", "It failed"], ["endgroup", ""], ["plain", "##[other]text"], ["plain", "plain"]]);
  expect(stampText("2026-11-27T12:03:34.105Z")).toMatch(/^\d\d:\d\d:34\.105$/);
});

test("lines come in any order, twice or with gaps, and each is kept once", () => {
  const buffer = bufferOf(["a", "b"]);
  buffer.extendTo(10);
  add(buffer, ["i", "j"], { from: 9 });
  add(buffer, ["b", "c"], { from: 2 });
  expect([buffer.count, buffer.lastLine, buffer.isWhole, buffer.at(3)?.text, buffer.at(5)]).toEqual([5, 10, false, "c", undefined]);
  expect([buffer.pageNear(10), buffer.firstMissing(0)]).toEqual([0, 4]);
  add(buffer, ["d", "e", "f", "g", "h"], { from: 4 });
  expect([buffer.isWhole, buffer.pageNear(1)]).toEqual([true, undefined]);
});

test("the page that is nearest to what is looked at is read first, and none twice at once", () => {
  const buffer = bufferOf(Array.from({ length: 1_000 }, String));
  buffer.extendTo(4_500);
  add(buffer, ["x"], { from: 4_500 });
  expect([buffer.pageNear(1), buffer.pageNear(4_500), buffer.pageNear(2_500)]).toEqual([1, 4, 2]);
  expect([buffer.pageNear(4_500, (page) => page === 4), buffer.pageNear(1, () => true)]).toEqual([3, undefined]);
});

test("lines stand under the heads of their steps, and a gap is one row", () => {
  const buffer = bufferOf(["a", "b"]);
  add(buffer, ["c"], { from: 6, step: 2 });
  const { rows, steps } = outlineOf(buffer, new Folds(buffer, OPEN));
  expect(rows).toEqual([stepRow(1), 1, 2, gapRow(3), stepRow(2), 6]);
  expect([...steps]).toEqual([[1, 1], [2, 6]]);
  expect(rows.map(kindOf).map(({ kind }) => kind)).toEqual(["step", "line", "line", "gap", "step", "line"]);
});

const GROUPED = ["before", "##[group]Install", "one", "two", "##[endgroup]", "after"];

test("a group that has ended is folded, and one with an error isn't", () => {
  const buffer = bufferOf(GROUPED);
  expect(outlineOf(buffer, new Folds(buffer, OPEN)).rows).toEqual([stepRow(1), 1, 2, 6]);
  const failed = bufferOf([...GROUPED.slice(0, 3), "##[error]No", ...GROUPED.slice(4)]);
  expect(outlineOf(failed, new Folds(failed, OPEN)).rows).toEqual([stepRow(1), 1, 2, 3, 4, 6]);
});

test("a group without an end goes on until the next one or until its step ends", () => {
  const buffer = bufferOf(["##[group]One", "a", "##[group]Two", "b"]);
  add(buffer, ["c"], { from: 5, step: 2 });
  const { groups } = outlineOf(buffer, new Folds(buffer, OPEN));
  expect([...groups.values()].map(({ first, last, isEnded }) => [first, last, isEnded])).toEqual([[1, 2, false], [3, 4, false]]);
});

test("what arrives while somebody looks stays open", () => {
  const buffer = bufferOf(["before"]);
  add(buffer, GROUPED.slice(1), { from: 2, isLive: true });
  expect(outlineOf(buffer, new Folds(buffer, OPEN)).rows).toEqual([stepRow(1), 1, 2, 3, 4, 6]);
});

test("a step that is folded stays so until somebody opens it or goes to a line in it", () => {
  const buffer = bufferOf(GROUPED);
  add(buffer, ["now"], { from: 7, step: 2 });
  const folds = new Folds(buffer, (step) => step === 1);
  expect(outlineOf(buffer, folds).rows[0]).toBe(stepRow(1));
  folds.setStep(1, true);
  const outline = outlineOf(buffer, folds);
  expect(outline.rows).toEqual([stepRow(1), stepRow(2), 7]);
  expect(indexOfLine(outline.rows, 4)).toBe(1);
  reveal(4, buffer, folds, outline);
  const opened = outlineOf(buffer, folds).rows;
  expect(opened).toEqual([stepRow(1), 1, 2, 3, 4, 6, stepRow(2), 7]);
  expect(indexOfLine(opened, 4)).toBe(4);
});

test("of a long log, the steps that had succeeded when it was opened are folded", () => {
  const buffer = bufferOf(Array.from({ length: 1_400 }, String));
  add(buffer, ["now"], { from: 1_401, step: 2 });
  const folds = new Folds(buffer, (step) => step === 1);
  folds.begin();
  expect(outlineOf(buffer, folds).rows).toEqual([stepRow(1), stepRow(2), 1_401]);
});

test("a log of 100,000 lines has its rows and its findings within a moment", () => {
  const buffer = bufferOf(Array.from({ length: 100_000 }, (_, at) => `tests/test_${at}.py \x1b[32mpassed\x1b[0m`));
  const began = performance.now();
  expect(outlineOf(buffer, new Folds(buffer, OPEN)).rows).toHaveLength(100_001);
  expect(findLines(buffer, "TEST_99999.py passed")).toEqual([100_000]);
  expect(performance.now() - began).toBeLessThan(1_000);
});

test("what is found is marked, also across colours", () => {
  const spans = [{ text: "one ", classes: "" }, { text: "two", classes: "a-red" }, { text: " one", classes: "" }];
  expect(markFound(spans, "E TW").filter(({ isFound }) => isFound)).toEqual([{ text: "e ", classes: "", isFound: true }, { text: "tw", classes: "a-red", isFound: true }]);
  expect(markFound(spans, "one").map(({ text, isFound }) => `${text}${isFound ? "*" : ""}`)).toEqual(["one*", " ", "two", " ", "one*"]);
  expect(markFound(spans, "").every(({ isFound }) => !isFound)).toBe(true);
});

test.each([
  ["#L128", { kind: "lines", first: 128, last: 128 }],
  ["#L140-L128", { kind: "lines", first: 128, last: 140 }],
  ["#step:3", { kind: "step", step: 3, line: null }],
  ["#step:3:128", { kind: "step", step: 3, line: 128 }],
  ["#log", null],
  ["", null],
])("the place of %s", (hash, place) => {
  expect(placeOf(hash)).toEqual(place);
});

test("a place of lines is written as it is read", () => {
  expect([linesHash(128), linesHash(140, 128)]).toEqual(["#L128", "#L128-L140"]);
});
