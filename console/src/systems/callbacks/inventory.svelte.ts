// The sources of the organisation, its latest and its quarantined callbacks: read once for the rail and the pages.

import { Listing } from "$/lib/listing.svelte";
import { useFeed } from "$/lib/watch.svelte";
import { listCallbacks, listProviders, listSources, type CallbackSummary, type Provider, type Source } from "$/services/callbacks";
import type { Page } from "$/services/pages";
import { current } from "$/services/session.svelte";

import { organisationChannel } from "./states";

/** An organisation has 1,000 sources at most, so that all can be read. */
const PAGES_MAX = 10;

class Inventory {
  #organisationId = "";
  sources = $state.raw(newSources());
  latest = $state.raw(newListing());
  quarantined = $state.raw(newListing("quarantined"));
  /** The newest callback of sources that have none among the organisation's latest; null if there is none at all. */
  #older = $state.raw<ReadonlyMap<string, CallbackSummary | null>>(new Map());

  /** Keep the count of quarantined callbacks current while the component is shown. */
  watchQuarantine(): void {
    this.#begin();
    useFeed(
      () => [organisationChannel(this.#organisationId)],
      () => this.quarantined.refresh(),
    );
  }

  /** Keep the sources and what came to them current while the component is shown. */
  watchSources(): void {
    this.#begin();
    useFeed(
      () => [organisationChannel(this.#organisationId), "callbacks.sources"],
      async () => {
        await Promise.all([this.sources.refresh(), this.latest.refresh(), this.quarantined.refresh()]);
        await this.#readOlder();
      },
    );
  }

  /** The names of sources by their ids. */
  get names(): ReadonlyMap<string, string> {
    return new Map(this.sources.items.map((source) => [source.sourceId, source.name]));
  }

  /** What came last to a source; null if nothing did, undefined while that isn't known. */
  lastOf(sourceId: string): CallbackSummary | null | undefined {
    return this.latest.items.find((each) => each.sourceId === sourceId) ?? this.#older.get(sourceId);
  }

  /** How many callbacks of a source are in quarantine, of the newest that were read. */
  quarantinedOf(sourceId: string): number {
    return this.quarantined.items.filter((each) => each.sourceId === sourceId).length;
  }

  #begin(): void {
    const organisationId = current.session?.organisationId ?? "";
    if (organisationId === this.#organisationId) return;
    this.#organisationId = organisationId;
    [this.sources, this.latest, this.quarantined] = [newSources(), newListing(), newListing("quarantined")];
    this.#older = new Map();
  }

  async #readOlder(): Promise<void> {
    const missing = this.sources.items.filter((source) => this.lastOf(source.sourceId) === undefined);
    if (!missing.length || !this.latest.isLoaded) return;
    // If the latest are all that there are, a source that has none among them has none.
    const read = this.latest.hasMore ? lastOf : () => null;
    const found = await Promise.all(missing.map(async ({ sourceId }) => [sourceId, await read(sourceId)] as const));
    this.#older = new Map([...this.#older, ...found]);
  }
}

function newSources(): Listing<Source> {
  return new Listing(readAllSources, (source) => source.sourceId);
}

function newListing(status?: "quarantined"): Listing<CallbackSummary> {
  return new Listing((cursor) => listCallbacks({ status }, cursor), (callback) => callback.callbackId);
}

async function lastOf(sourceId: string): Promise<CallbackSummary | null> {
  return (await listCallbacks({ sourceId }, undefined, 1)).items[0] ?? null;
}

async function readAllSources(): Promise<Page<Source>> {
  const items: Source[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const page = await listSources(cursor);
    items.push(...page.items);
    if (page.nextCursor === null) break;
    cursor = page.nextCursor;
  }
  return { items, nextCursor: null };
}

export const inventory = new Inventory();

let read: Promise<Provider[]> | undefined;

/** The providers, which don't change while the server runs; read once. */
export function providers(): Promise<Provider[]> {
  read ??= listProviders().catch((error: unknown) => {
    read = undefined;
    throw error;
  });
  return read;
}
