// What waits, the alerts and the sparklines, read for the overview and the list.

import { Subject } from "$/lib/subject.svelte";
import { getFigures, getStatus, listSparklines, type Figures, type Period, type Sparkline, type Status } from "$/services/webhooks";

/** The channel of figures. The server has none: figures change all the time, so that they are polled. */
export const FIGURES_CHANNEL = "webhooks.figures";

export function statusSubject(): Subject<Status> {
  return new Subject(getStatus);
}

export function figuresSubject(period: () => Period, subscriptionId?: () => string): Subject<Figures> {
  return new Subject(() => getFigures(period(), subscriptionId?.()));
}

/** A sparkline has a bar for three minutes: it needn't be read each time. */
const SPARKLINES_MS = 10_000;

export function sparklinesSubject(): Subject<ReadonlyMap<string, Sparkline>> {
  let readAt = -SPARKLINES_MS;
  let lines: ReadonlyMap<string, Sparkline> = new Map();
  return new Subject(async () => {
    if (performance.now() - readAt >= SPARKLINES_MS) {
      lines = new Map((await listSparklines()).map((line) => [line.subscriptionId, line]));
      readAt = performance.now();
    }
    return lines;
  });
}
