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
    { pattern: "/webhooks/deliveries", load: () => import("./AllDeliveries.svelte") },
    { pattern: "/webhooks/deliveries/:id", load: () => import("./DeliveryLink.svelte") },
    { pattern: "/webhooks/dead-letters", load: () => import("./DeadLetters.svelte") },
    { pattern: "/webhooks/replays", load: () => import("./Replays.svelte") },
    { pattern: "/webhooks/retention", load: () => import("./Retention.svelte") },
  ],
  pages: [
    { name: "Subscriptions", kind: "webhooks", href: "/webhooks/subscriptions" },
    { name: "New subscription", kind: "webhooks", href: "/webhooks/subscriptions?new" },
    { name: "Events", kind: "webhooks", href: "/webhooks/events" },
    { name: "Deliveries", kind: "webhooks", href: "/webhooks/deliveries" },
    { name: "Dead letters", kind: "webhooks", href: "/webhooks/dead-letters" },
    { name: "Replays", kind: "webhooks", href: "/webhooks/replays" },
    { name: "Retention", kind: "webhooks", href: "/webhooks/retention" },
  ],
  find: async () =>
    (await listSubscriptions({})).items.map((subscription) => ({
      name: nameOf(subscription),
      kind: "subscription",
      href: `/webhooks/subscriptions/${subscription.subscriptionId}`,
    })),
  search: (text) => [
    { name: `Search events for ${text}`, kind: "search", href: `/webhooks/events?q=${encodeURIComponent(text)}` },
    { name: `Search deliveries for ${text}`, kind: "search", href: `/webhooks/deliveries?q=${encodeURIComponent(text)}` },
  ],
  idLinks: new Map([
    ["sub", (id) => `/webhooks/subscriptions/${id}`],
    ["dlv", (id) => `/webhooks/deliveries/${id}`],
    ["evt", (id) => `/webhooks/events?event=${id}`],
    ["job", (id) => `/webhooks/replays?job=${id}`],
  ]),
};
