// What people do with apps in messaging: slash commands, clicks, modals.

import { call, callForText } from "./http";
import type { Block } from "./messaging";

/** A modal that an app shows. Its fields have Slack's names. */
export interface AppView {
  readonly view_id: string;
  readonly kind: string;
  readonly content: Readonly<Record<string, unknown>>;
  /** What the app says is wrong with the input, by block. */
  readonly errors: Readonly<Record<string, unknown>> | null;
  readonly is_closed: boolean;
}

/** What was entered, by block and action. */
export type Values = Readonly<Record<string, Readonly<Record<string, Block>>>>;

/** The slash commands of all apps, such as `/standup`. */
export async function listCommands(): Promise<string[]> {
  return (await call<{ items: { command: string }[] }>("GET", "/messaging/commands")).items.map(({ command }) => command);
}

export function sendCommand(channelId: string, command: string, text: string): Promise<unknown> {
  return call("POST", `/messaging/channels/${channelId}/commands`, { body: { command, text } });
}

/** Tell an app what a person did with an element of its message. */
export function sendAction(channelId: string, sequence: number, action: Block): Promise<unknown> {
  return call("POST", `/messaging/channels/${channelId}/messages/${sequence}/actions`, { body: JSON.stringify({ action }) });
}

/** The modals that are open, the one on top first. */
export async function listViews(): Promise<AppView[]> {
  return (JSON.parse(await callForText("GET", "/messaging/views")) as { items: AppView[] }).items;
}

export function sendViewAction(viewId: string, action: Block): Promise<unknown> {
  return call("POST", `/messaging/views/${viewId}/actions`, { body: JSON.stringify({ action }) });
}

export function submitView(viewId: string, values: Values): Promise<unknown> {
  return call("POST", `/messaging/views/${viewId}/submit`, { body: JSON.stringify({ values }) });
}

/** Close a modal, and those below it. */
export function closeView(viewId: string): Promise<unknown> {
  return call("POST", `/messaging/views/${viewId}/close`, { body: { isWholeStack: true } });
}
