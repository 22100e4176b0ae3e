import { render, screen } from "@testing-library/svelte";
import { expect, test } from "vitest";

import Spark from "$/systems/webhooks/Spark.svelte";
import { durationParts, ratesOf, shareText, successOf } from "$/systems/webhooks/figures";

const point = (startsAt: string, succeededAttempts: number, failedAttempts = 0) => ({
  startsAt,
  succeededAttempts,
  failedAttempts,
  attemptDuration: null,
  deliveryTime: null,
});

test.each([
  [100, "100"],
  [99.999, "99.99"],
  [98.78, "98.7"],
  [0, "0"],
])("a share of %d is written as %s, and never rounded up", (share, text) => {
  expect(shareText(share)).toBe(text);
});

test("the minute that isn't over counts for the time that it has lasted", () => {
  const points = [point("2026-11-27T12:00:00Z", 120), point("2026-11-27T12:01:00Z", 60)];
  const figures = { period: "hour", stepS: 60, successShareMin: 0.95, alertWindowS: 900, points, total: point("2026-11-27T12:00:00Z", 180) } as const;
  expect(ratesOf({ ...figures, points }, Date.parse("2026-11-27T12:01:30Z"))).toEqual([2, 2]);
  // One that has just begun says nothing.
  expect(ratesOf({ ...figures, points }, Date.parse("2026-11-27T12:01:01Z"))).toEqual([2, null]);
});

test("without an attempt there is no success", () => {
  expect(successOf(point("", 0))).toBeNull();
  expect(successOf(point("", 3, 1))).toBe(75);
  expect(durationParts(1_300)).toEqual({ value: "1.3", unit: "s" });
});

test("a sparkline says in words what it draws", () => {
  render(Spark, { line: { subscriptionId: "sub_1", succeededAttempts: [2, 4], failedAttempts: [0, 1] } });
  expect(screen.getByRole("img", { name: "7 attempts in the last hour, 1 failed" }).querySelectorAll("rect.is-failed")[1]?.getAttribute("height")).toBe("4");
});
