// What apps show to the own member alone: modals, and messages that only this member sees and that are kept nowhere.

import { toasts } from "$/lib/toasts.svelte";
import { readEntry, type Block } from "$/services/messaging";
import { listCommands, listViews, type AppView } from "$/services/messaging_apps";

export interface Ephemeral {
  readonly key: string;
  readonly channelId: string;
  readonly memberId: string;
  readonly text: string;
  readonly blocks: readonly Block[] | null;
  readonly at: string;
}

const EPHEMERALS_MAX = 50;

export class Apps {
  /** The modals that are open, the one on top last. */
  views = $state.raw<readonly AppView[]>([]);
  /** The home tabs that are known, by app. */
  homes = $state.raw<ReadonlyMap<string, AppView>>(new Map());
  ephemerals = $state.raw<readonly Ephemeral[]>([]);
  commands = $state.raw<readonly string[]>([]);
  #count = 0;

  of(channelId: string): readonly Ephemeral[] {
    return this.ephemerals.filter((each) => each.channelId === channelId);
  }

  /** Read the commands, and the modals that were open before the page was loaded. */
  async refresh(): Promise<void> {
    const [commands, views] = await Promise.all([listCommands().catch(() => this.commands), listViews().catch(() => undefined)]);
    this.commands = commands;
    if (views) this.views = [...views].reverse();
  }

  /** Take an entry of the own member's live channel; returns whether it is one of an app. */
  take(entry: unknown): boolean {
    const read = readEntry(entry);
    if (read?.type.startsWith("view_")) this.#show(read["view"] as AppView);
    else if (read?.type === "ephemeral") this.ephemerals = [...this.ephemerals, { ...(read as unknown as Ephemeral), key: `ephemeral ${++this.#count}` }].slice(-EPHEMERALS_MAX);
    else if (read?.type === "app_failed") toasts.failed("The app didn't answer.", String(read["reason"] ?? ""));
    else return false;
    return true;
  }

  dismiss(key: string): void {
    this.ephemerals = this.ephemerals.filter((each) => each.key !== key);
  }

  /** Show an app's home tab. */
  showHome(view: AppView): void {
    this.homes = new Map(this.homes).set(view.app_id, view);
  }

  close(viewId: string): void {
    this.views = this.views.filter((view) => view.view_id !== viewId);
  }

  #show(view: AppView): void {
    const isKnown = this.views.some((each) => each.view_id === view.view_id);
    if (view.kind === "home") this.showHome(view);
    else if (view.is_closed) this.close(view.view_id);
    else this.views = isKnown ? this.views.map((each) => (each.view_id === view.view_id ? view : each)) : [...this.views, view];
  }
}
