// What the shell needs to know of the assistant.

import MessageCircle from "@lucide/svelte/icons/message-circle";

import { listConversations } from "$/services/assistant";
import type { ConsoleSystem } from "$/systems/registry";

import { titleOf } from "./titles";

export const assistant: ConsoleSystem = {
  name: "assistant",
  title: "Assistant",
  place: 8,
  icon: MessageCircle,
  routes: [
    { pattern: "/assistant", load: () => import("./Assistant.svelte") },
    { pattern: "/assistant/:id", load: () => import("./Assistant.svelte") },
  ],
  pages: [{ name: "New conversation", kind: "assistant", href: "/assistant" }],
  find: async () =>
    (await listConversations("")).items.map((conversation) => ({
      name: titleOf(conversation),
      kind: "conversation",
      href: `/assistant/${conversation.conversationId}`,
    })),
  idLinks: new Map([["conv", (id) => `/assistant/${id}`]]),
};
