// The eight states that all systems share, and their icons.

import CircleCheck from "@lucide/svelte/icons/circle-check";
import CircleDashed from "@lucide/svelte/icons/circle-dashed";
import CircleDot from "@lucide/svelte/icons/circle-dot";
import CirclePause from "@lucide/svelte/icons/circle-pause";
import CircleQuestionMark from "@lucide/svelte/icons/circle-question-mark";
import CircleSlash from "@lucide/svelte/icons/circle-slash";
import CircleX from "@lucide/svelte/icons/circle-x";
import RotateCw from "@lucide/svelte/icons/rotate-cw";

export const STATES = {
  queued: { word: "Queued", icon: CircleDashed },
  running: { word: "Running", icon: CircleDot },
  waiting: { word: "Waiting", icon: CirclePause },
  retrying: { word: "Retrying", icon: RotateCw },
  succeeded: { word: "Succeeded", icon: CircleCheck },
  failed: { word: "Failed", icon: CircleX },
  canceled: { word: "Canceled", icon: CircleSlash },
  "in-doubt": { word: "In doubt", icon: CircleQuestionMark },
} as const;

export type StateName = keyof typeof STATES;
