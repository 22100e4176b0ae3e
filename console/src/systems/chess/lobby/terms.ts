// The clocks that can be chosen, and what they are called.

import type { ClockSetting } from "$/services/chess";

export interface Choice {
  readonly id: string;
  readonly name: string;
  readonly speed: string;
  readonly clock: ClockSetting | null;
}

const timed = (minutes: number, incrementS: number, speed: string): Choice => ({
  id: `${minutes}-${incrementS}`,
  name: `${minutes} + ${incrementS}`,
  speed,
  clock: { limitS: 60 * minutes, incrementS },
});

export const CHOICES: readonly Choice[] = [
  timed(1, 0, "bullet"),
  timed(3, 0, "blitz"),
  timed(3, 2, "blitz"),
  timed(5, 3, "blitz"),
  timed(10, 5, "rapid"),
  timed(30, 20, "classical"),
  { id: "none", name: "No clock", speed: "correspondence", clock: null },
  { id: "days", name: "3 days a turn", speed: "correspondence", clock: { daysPerTurn: 3 } },
];

/** Whether a rated game is possible: not without a clock. */
export function canBeRated(clock: ClockSetting | null): boolean {
  return clock !== null;
}
