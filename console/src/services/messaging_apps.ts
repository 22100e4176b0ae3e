// Apps in messaging, and what people do with them: slash commands, clicks, modals.

import { call, callForText, type Wire } from "./http";
import type { Block } from "./messaging";
import { PAGE_LIMIT_MAX, type Page } from "./pages";
import type { Camel } from "./shape";

export type App = Camel<Wire["AppView"]>;
export type AppDetails = Camel<Wire["AppDetailsView"]>;
/** A new app, with the secrets that are shown once. */
export type CreatedApp = Camel<Wire["CreatedAppView"]>;
export type AppEvent = Camel<Wire["AppEventView"]>;
export type IncomingWebhook = Camel<Wire["IncomingWebhookView"]>;

/** A modal or a home tab that an app shows. Its fields have Slack's names. */
export interface AppView {
  readonly view_id: string;
  readonly app_id: string;
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

/** Close a modal; the one below it is shown again. */
export function closeView(viewId: string): Promise<unknown> {
  return call("POST", `/messaging/views/${viewId}/close`, { body: {} });
}

export function listApps(cursor?: string): Promise<Page<App>> {
  return call("GET", "/messaging/apps", { query: { cursor, limit: PAGE_LIMIT_MAX } });
}

export function getApp(appId: string): Promise<AppDetails> {
  return call("GET", `/messaging/apps/${appId}`);
}

/** Create an app. Only its answer has the tokens. */
export function createApp(body: { name: string; requestUrl: string; commands: readonly string[] }): Promise<CreatedApp> {
  return call("POST", "/messaging/apps", { body });
}

/** Change how an app is told what happens. The same request URL again is tried again, if it hasn't answered. */
export function changeApp(appId: string, body: { requestUrl?: string; commands?: readonly string[]; eventTypes?: readonly string[] }): Promise<AppDetails> {
  return call("PATCH", `/messaging/apps/${appId}`, { body });
}

/** What an app is told, latest first. */
export function listAppEvents(appId: string, cursor?: string): Promise<Page<AppEvent>> {
  return call("GET", `/messaging/apps/${appId}/events`, { query: { cursor } });
}

/** Open the home tab of an app; returns how it is now, or nothing if the app has never shown one. */
export async function openHome(appId: string): Promise<AppView | null> {
  return (JSON.parse(await callForText("POST", `/messaging/apps/${appId}/home`, { body: {} })) as { view: AppView | null }).view;
}

export async function listIncomingWebhooks(appId: string): Promise<IncomingWebhook[]> {
  return (await call<{ items: IncomingWebhook[] }>("GET", `/messaging/apps/${appId}/webhooks`)).items;
}

/** Create an address at which an app posts in a channel. Only its answer has the address. */
export function createIncomingWebhook(appId: string, channelId: string): Promise<IncomingWebhook & { url: string }> {
  return call("POST", `/messaging/apps/${appId}/webhooks`, { body: { channelId } });
}

export function revokeIncomingWebhook(appId: string, webhookId: string): Promise<void> {
  return call("DELETE", `/messaging/apps/${appId}/webhooks/${webhookId}`);
}
