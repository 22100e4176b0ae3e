// What charts show of figures: values by point, their names, and the words of durations and shares.

import { durationText } from "$/lib/time.svelte";
import type { Figure, Figures } from "$/services/webhooks";

export function attemptsOf(figure: Figure): number {
  return figure.succeededAttempts + figure.failedAttempts;
}

/** In per cent; null without an attempt. */
export function successOf(figure: Figure): number | null {
  const attempts = attemptsOf(figure);
  return attempts ? (figure.succeededAttempts / attempts) * 100 : null;
}

/** `100`, `98.7` or `99.98`: never rounded up to 100. */
export function shareText(share: number): string {
  if (share >= 100 || share === 0) return String(share);
  return String(Math.floor(share * (share >= 99 ? 100 : 10)) / (share >= 99 ? 100 : 10));
}

/** The deliveries a second in each point. The last point isn't over: it counts for the time that it has lasted. */
export function ratesOf({ points, stepS }: Figures, now: number): (number | null)[] {
  return points.map(({ startsAt, succeededAttempts }) => {
    const lastedS = Math.min(stepS, (now - Date.parse(startsAt)) / 1_000);
    return lastedS < BEGUN_S ? null : succeededAttempts / lastedS;
  });
}

/** Of a point that has just begun, a rate would say nothing. */
const BEGUN_S = 20;

export function rateText(rate: number): string {
  return rate >= 10 ? String(Math.round(rate)) : String(Math.round(rate * 100) / 100);
}

/** A duration as a figure and its unit, such as `41` and `ms`. */
export function durationParts(ms: number | undefined): { value: string; unit: string } {
  if (ms === undefined) return { value: "–", unit: "" };
  const [value = "", ...unit] = durationText(ms).split(" ");
  return { value, unit: unit.join(" ") };
}

/** The names of the points: times of a day, or days with their hours. */
export function timesOf({ points, period }: Figures): string[] {
  const options: Intl.DateTimeFormatOptions =
    period === "week" ? { weekday: "short", hour: "2-digit", minute: "2-digit" } : { hour: "2-digit", minute: "2-digit" };
  return points.map(({ startsAt }) => new Date(startsAt).toLocaleString("en-GB", options));
}
