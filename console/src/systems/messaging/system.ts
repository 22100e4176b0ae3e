// What the shell needs to know of messaging.

import Hash from "@lucide/svelte/icons/hash";

import { listChannels } from "$/services/messaging";
import type { ConsoleSystem } from "$/systems/registry";

import Mark from "./Mark.svelte";
import { nameOf } from "./people/directory.svelte";
import { theWorkspace } from "./workspace.svelte";

export const messaging: ConsoleSystem = {
  name: "messaging",
  title: "Messaging",
  key: "m",
  place: 6,
  icon: Hash,
  mark: Mark,
  routes: [
    { pattern: "/messaging", load: () => import("./Messaging.svelte") },
    { pattern: "/messaging/channels", load: () => import("./people/Browse.svelte") },
    { pattern: "/messaging/apps", load: () => import("./apps/AppList.svelte") },
    { pattern: "/messaging/apps/:id", load: () => import("./apps/AppPage.svelte") },
    { pattern: "/messaging/search", load: () => import("./Search.svelte") },
    { pattern: "/messaging/:id", load: () => import("./Messaging.svelte") },
    { pattern: "/messaging/:id/:sequence", load: () => import("./Messaging.svelte") },
  ],
  pages: [
    { name: "All channels", kind: "messaging", href: "/messaging/channels" },
    { name: "Apps", kind: "messaging", href: "/messaging/apps" },
    { name: "Search messages", kind: "messaging", href: "/messaging/search" },
  ],
  find: async () => {
    const workspace = theWorkspace();
    const { items } = await listChannels({ isIn: false });
    const channels = [...workspace.channels, ...items.filter((each) => !workspace.channels.some((own) => own.channelId === each.channelId))];
    return [
      ...channels.map((channel) => ({ name: workspace.nameOf(channel), kind: channel.memberIds ? "conversation" : "channel", href: `/messaging/${channel.channelId}` })),
      ...workspace.directory.all.filter((member) => !member.isDeactivated).map((member) => ({ name: nameOf(member), kind: "message to", href: `/messaging?to=${member.memberId}` })),
    ];
  },
  search: (text) => [{ name: `Search messages for “${text}”`, kind: "messaging", href: `/messaging/search?q=${encodeURIComponent(text)}` }],
  idLinks: new Map([
    ["chan", (id) => `/messaging/${id}`],
    ["app", (id) => `/messaging/apps/${id}`],
  ]),
};
