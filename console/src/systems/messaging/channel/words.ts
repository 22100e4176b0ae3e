// Times and sizes as a timeline says them.

import { countText, numberText } from "$/lib/text";

/** The server counts no further. */
const COUNTED_MAX = 1_000;
const UNITS = ["bytes", "KB", "MB", "GB", "TB"];

/** `12:04`. */
export function minuteText(at: string): string {
  return new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}

/** `Today`, `Tuesday 24 November`, with the year if it is another one. */
export function dayText(at: string, now: number): string {
  const [date, today] = [new Date(at), new Date(now)];
  if (date.toDateString() === today.toDateString()) return "Today";
  const isThisYear = date.getFullYear() === today.getFullYear();
  // Without the comma that the locale puts after the weekday.
  return date.toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long", ...(isThisYear ? {} : { year: "numeric" }) }).replace(",", "");
}

/** `11:58` today, `24 Nov, 11:58` on other days. */
export function sinceText(at: string, now: number): string {
  const isToday = new Date(at).toDateString() === new Date(now).toDateString();
  return isToday ? minuteText(at) : `${new Date(at).toLocaleDateString("en-GB", { day: "numeric", month: "short" })}, ${minuteText(at)}`;
}

/** `1.2 GB`. */
export function bytesText(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1_000 && unit < UNITS.length - 1) [value, unit] = [value / 1_000, unit + 1];
  return `${unit > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

/** How many messages are new. The server counts no further than a thousand. */
export function newText(count: number): string {
  return count < COUNTED_MAX ? countText(count, "new message") : `${numberText(COUNTED_MAX)} or more new messages`;
}
