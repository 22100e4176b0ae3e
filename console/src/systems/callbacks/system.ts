// What the shell needs to know of callbacks.

import Inbox from "@lucide/svelte/icons/inbox";

import { listSources } from "$/services/callbacks";
import type { ConsoleSystem } from "$/systems/registry";

import Mark from "./Mark.svelte";

export const callbacks: ConsoleSystem = {
  name: "callbacks",
  title: "Callbacks",
  place: 1,
  icon: Inbox,
  mark: Mark,
  overview: () => import("./Overview.svelte"),
  routes: [
    { pattern: "/callbacks", load: () => import("./Sources.svelte") },
    { pattern: "/callbacks/sources", load: () => import("./Sources.svelte") },
    { pattern: "/callbacks/sources/new", load: () => import("./NewSource.svelte") },
    { pattern: "/callbacks/sources/:id", load: () => import("./Source.svelte") },
    { pattern: "/callbacks/received", load: () => import("./Callbacks.svelte") },
    { pattern: "/callbacks/quarantine", load: () => import("./Quarantine.svelte") },
    { pattern: "/callbacks/jobs", load: () => import("./Jobs.svelte") },
    { pattern: "/callbacks/providers", load: () => import("./Providers.svelte") },
  ],
  pages: [
    { name: "Sources", kind: "callbacks", href: "/callbacks/sources" },
    { name: "New source", kind: "callbacks", href: "/callbacks/sources/new" },
    { name: "Callbacks received", kind: "callbacks", href: "/callbacks/received" },
    { name: "Quarantine", kind: "callbacks", href: "/callbacks/quarantine" },
    { name: "Jobs of callbacks", kind: "callbacks", href: "/callbacks/jobs" },
    { name: "Providers", kind: "callbacks", href: "/callbacks/providers" },
  ],
  find: async () =>
    (await listSources()).items.map((source) => ({
      name: source.name,
      kind: "source",
      href: `/callbacks/sources/${source.sourceId}`,
    })),
  idLinks: new Map([
    ["src", (id) => `/callbacks/sources/${id}`],
    ["cbk", (id) => `/callbacks/received?callback=${id}`],
  ]),
};
