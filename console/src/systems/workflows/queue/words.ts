// What the queue and the runners say, and the series of the charts of usage.

import type { Series } from "$/components/chart";
import { shellText } from "$/lib/text";
import type { Blocker, UsageDay } from "$/services/workflows_fleet";

const BLOCKERS: Readonly<Record<Blocker, string>> = {
  quota: "Quota",
  labels: "Labels",
  no_runner: "No runner is free",
  turn: "Its turn",
};

/** What a job waits for, in a word. */
export function blockerText(blocker: Blocker): string {
  return BLOCKERS[blocker] ?? blocker;
}

/** The commands that add a runner on another machine. */
export function runnerCommand(serverUrl: string, token: string): string {
  return `pip install ninefold\nninefold runner --url ${shellText(serverUrl)} --token ${shellText(token)}`;
}

/** The days of usage, each with all days up to today, also those without a job. */
export function allDays(usage: readonly UsageDay[], count: number, today: Date): readonly UsageDay[] {
  const byDay = new Map(usage.map((each) => [each.day.slice(0, 10), each]));
  return Array.from({ length: count }, (_, at) => {
    const day = new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), today.getUTCDate() - (count - 1 - at))).toISOString().slice(0, 10);
    return byDay.get(day) ?? { day, jobs: 0, minutes: 0, queueP50S: null, queueP95S: null };
  });
}

export function jobSeries(days: readonly UsageDay[]): readonly Series[] {
  return [{ name: "Jobs", values: days.map(({ jobs }) => jobs) }];
}

export function minuteSeries(days: readonly UsageDay[]): readonly Series[] {
  return [{ name: "Minutes", values: days.map(({ minutes }) => minutes) }];
}

export function waitSeries(days: readonly UsageDay[]): readonly Series[] {
  return [
    { name: "p95", values: days.map(({ queueP95S }) => queueP95S), tone: "faint" },
    { name: "p50", values: days.map(({ queueP50S }) => queueP50S) },
  ];
}

/** Such as `27 Nov`. */
export function dayText(day: string): string {
  return new Date(`${day.slice(0, 10)}T00:00:00Z`).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
}

/** A number in little room, such as `0.05`, `5` or `13k`. */
export function axisNumber(value: number): string {
  return COMPACT.format(value);
}

/** Seconds in little room, such as `0.5 s`, `2.5 min` or `3 h`. */
export function axisTime(seconds: number): string {
  if (seconds < 60) return `${COMPACT.format(seconds)} s`;
  return seconds < 3_600 ? `${COMPACT.format(seconds / 60)} min` : `${COMPACT.format(seconds / 3_600)} h`;
}

const COMPACT = new Intl.NumberFormat("en-GB", { notation: "compact", maximumSignificantDigits: 2 });
