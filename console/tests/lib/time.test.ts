import { expect, test } from "vitest";

import { ageText, countdownText, durationText } from "$/lib/time.svelte";

test.each([
  [0.4, "0.4 ms"],
  [142, "142 ms"],
  [1_300, "1.3 s"],
  [124_000, "2 min 4 s"],
  [120_000, "2 min"],
  [11_520_000, "3 h 12 min"],
  [417_600_000, "4 d 20 h"],
])("%d ms are %s", (ms, expected) => {
  expect(durationText(ms)).toBe(expected);
});

const AT = "2026-11-24T12:00:00Z";
const at = (seconds: number): number => Date.parse(AT) + 1_000 * seconds;

test.each([
  [0, "now"],
  [42, "42 s"],
  [1_080, "18 min"],
  [7_300, "2 h"],
  [400_000, "4 d"],
])("%d s later it is %s old", (seconds, expected) => {
  expect(ageText(AT, at(seconds))).toBe(expected);
});

test.each([
  [-7, "0:07"],
  [-760, "12:40"],
  [-3_729, "1:02:09"],
  [5, "0:00"],
])("%d s before, the countdown is %s", (seconds, expected) => {
  expect(countdownText(AT, at(seconds))).toBe(expected);
});
