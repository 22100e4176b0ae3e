// What the shell needs to know of webhooks.

import Webhook from "@lucide/svelte/icons/webhook";

import { nameOf } from "$/lib/text";
import { listSubscriptions } from "$/services/webhooks";
import type { ConsoleSystem } from "$/systems/registry";

import Mark from "./Mark.svelte";

export const webhooks: ConsoleSystem = {
  name: "webhooks",
  title: "Webhooks",
  place: 0,
  icon: Webhook,
  mark: Mark,
  overview: () => import("./Overview.svelte"),
  routes: [
    { pattern: "/webhooks", load: () => import("./Subscriptions.svelte") },
    { pattern: "/webhooks/subscriptions", load: () => import("./Subscriptions.svelte") },
    { pattern: "/webhooks/subscriptions/:id", load: () => import("./Subscription.svelte") },
    { pattern: "/webhooks/events", load: () => import("./Events.svelte") },
    { pattern: "/webhooks/deliveries/:id", load: () => import("./DeliveryLink.svelte") },
    { pattern: "/webhooks/dead-letters", load: () => import("./DeadLetters.svelte") },
    { pattern: "/webhooks/replays", load: () => import("./Replays.svelte") },
  ],
  pages: [
    { name: "Subscriptions", kind: "webhooks", href: "/webhooks/subscriptions" },
    { name: "New subscription", kind: "webhooks", href: "/webhooks/subscriptions?new" },
    { name: "Events", kind: "webhooks", href: "/webhooks/events" },
    { name: "Dead letters", kind: "webhooks", href: "/webhooks/dead-letters" },
    { name: "Replays", kind: "webhooks", href: "/webhooks/replays" },
  ],
  find: async () =>
    (await listSubscriptions({})).items.map((subscription) => ({
      name: nameOf(subscription),
      kind: "subscription",
      href: `/webhooks/subscriptions/${subscription.subscriptionId}`,
    })),
  findId: (text) => {
    const href = hrefOfId(text);
    return href ? [{ name: text, kind: "id", href }] : [];
  },
};

/** Where a whole id of webhooks leads. */
export function hrefOfId(text: string): string | undefined {
  if (!/^[a-z]{3}_[0-9a-z]{26}$/.test(text)) return undefined;
  const kind = text.slice(0, 3);
  if (kind === "sub") return `/webhooks/subscriptions/${text}`;
  if (kind === "dlv") return `/webhooks/deliveries/${text}`;
  if (kind === "evt") return `/webhooks/events?event=${text}`;
  if (kind === "job") return `/webhooks/replays?job=${text}`;
  return undefined;
}
