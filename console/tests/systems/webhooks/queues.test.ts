import { render, screen } from "@testing-library/svelte";
import { expect, test } from "vitest";

import type { Status } from "$/services/webhooks";
import Depths from "$/systems/webhooks/Depths.svelte";
import { fillText, isRefused } from "$/systems/webhooks/queues";

const depth = (count: number) => ({ count, isMore: false, oldestAt: count ? "2026-01-31T12:00:00Z" : null });

function backlog(queued: number): Status["backlog"] {
  const tier = (name: "critical" | "standard" | "bulk", queuedMax: number) => ({
    tier: name,
    queued: depth(name === "standard" ? queued : 0),
    queuedMax,
    retrying: depth(0),
    waiting: depth(0),
  });
  return {
    queued: depth(queued),
    queuedMax: 1_000,
    retrying: depth(0),
    waiting: depth(0),
    nextAttemptAt: null,
    tiers: [tier("critical", 1_000), tier("standard", 950), tier("bulk", 900)],
  };
}

test.each([
  [0, [], "0 % of 1,000 that can be queued"],
  [899, [], "89 % of 1,000 that can be queued"],
  [900, ["bulk"], "Nearly full: of at most 1,000 queued, bulk events are refused"],
  [950, ["standard", "bulk"], "Nearly full: of at most 1,000 queued, standard and bulk events are refused"],
  [1_000, ["critical", "standard", "bulk"], "Full: with 1,000 queued, publishing is refused"],
])("with %d deliveries queued, %j are refused", (queued, refused, text) => {
  const given = backlog(queued);
  expect(given.tiers.filter((tier) => isRefused(given, tier)).map((tier) => tier.tier)).toEqual(refused);
  expect(fillText(given)).toBe(text);
});

test("depths show each tier, and which are refused", () => {
  render(Depths, { backlog: backlog(900) });
  expect(screen.getByText("critical")).toBeTruthy();
  expect(screen.getAllByText("900")).toHaveLength(3);
  expect(screen.getAllByText("Refused for now")).toHaveLength(1);
});
