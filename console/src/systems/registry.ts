// The systems, in the rail's order. A new system adds its folder and one line here.

import type { Component } from "svelte";

import type { IdLinks } from "$/lib/ids";
import type { Route } from "$/lib/router.svelte";
import type { Finding } from "$/shell/findings";

import { assistant } from "./assistant/system";
import { callbacks } from "./callbacks/system";
import { chess } from "./chess/system";
import { messaging } from "./messaging/system";
import { payments } from "./payments/system";
import { video } from "./video/system";
import { webhooks } from "./webhooks/system";
import { workflows } from "./workflows/system";

export interface ConsoleSystem {
  /** Its name on the server, and the first part of its addresses. */
  readonly name: string;
  readonly title: string;
  /** The letter after `g` that leads there; the first one of its name unless another system has it. */
  readonly key?: string;
  /** Its dot in the sign: 0 to 8, without 4. */
  readonly place: number;
  readonly icon: Component<{ class?: string; "aria-hidden"?: "true" }>;
  /** The worst state and its count, for the rail; or nothing. */
  readonly mark?: Component<Record<string, never>>;
  /** Its part of the overview, if it has one. */
  readonly overview?: () => Promise<{ default: Component<Record<string, never>> }>;
  readonly routes: readonly Route[];
  /** Pages for people who needn't be signed in; they are shown without the shell. */
  readonly publicRoutes?: readonly Route[];
  /** Its pages, for the palette. */
  readonly pages: readonly Finding[];
  /** What the palette finds by name. */
  readonly find: () => Promise<readonly Finding[]>;
  /** Searches of its lists on the server for a text, for the palette. */
  readonly search?: (text: string) => readonly Finding[];
  /** Where its ids lead. */
  readonly idLinks: IdLinks;
}

const SYSTEMS: readonly ConsoleSystem[] = [webhooks, callbacks, payments, workflows, chess, messaging, video, assistant];

const enabled = document.querySelector('meta[name="ninefold-systems"]')?.getAttribute("content")?.split(" ") ?? [];

/** The systems that the server has. */
export const enabledSystems = SYSTEMS.filter((system) => enabled.includes(system.name) || import.meta.env.DEV);
