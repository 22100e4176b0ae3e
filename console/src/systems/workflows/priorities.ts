// The priorities of runs, among the jobs of their organisation.

import type { Priority } from "$/services/workflows";

/** What goes first, first. */
export const PRIORITIES: readonly Priority[] = ["high", "normal", "low"];

export function priorityText(priority: Priority): string {
  return priority.charAt(0).toUpperCase() + priority.slice(1);
}
