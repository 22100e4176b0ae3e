// The times that charts can show, chosen by the address: `?period=day`.

import { location } from "$/lib/router.svelte";

export type Period = "hour" | "day" | "week";

export const PERIODS: readonly { readonly value: Period; readonly word: string; readonly name: string }[] = [
  { value: "hour", word: "1 h", name: "the last hour" },
  { value: "day", word: "24 h", name: "the last day" },
  { value: "week", word: "7 d", name: "the last week" },
];

/** The chosen period; an hour unless the address names another. */
export function chosenPeriod(): Period {
  const wanted = location.query.get("period");
  return PERIODS.find(({ value }) => value === wanted)?.value ?? "hour";
}
