// How full the queue of the organisation is, and which tiers it still takes.

import { numberText } from "$/lib/text";
import type { Status } from "$/services/webhooks";

type Backlog = Status["backlog"];
type Tier = Backlog["tiers"][number];

/** Whether events of a tier are refused, because the queue of the organisation is full for them. */
export function isRefused(backlog: Backlog, tier: Tier): boolean {
  return backlog.queued.count >= tier.queuedMax;
}

/** What a person should know of the queue: how much of it is used, or what is refused. */
export function fillText(backlog: Backlog): string {
  const refused = backlog.tiers.filter((tier) => isRefused(backlog, tier)).map((tier) => tier.tier);
  const limit = numberText(backlog.queuedMax);
  if (refused.length === backlog.tiers.length) return `Full: with ${limit} queued, publishing is refused`;
  if (refused.length) return `Nearly full: of at most ${limit} queued, ${refused.join(" and ")} events are refused`;
  return `${Math.floor((backlog.queued.count / backlog.queuedMax) * 100)} % of ${limit} that can be queued`;
}
