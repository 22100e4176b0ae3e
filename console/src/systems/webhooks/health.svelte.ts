// The subscriptions of the organisation and their health, read once for the rail, the overview and the list.

import { Listing } from "$/lib/listing.svelte";
import { useFeed } from "$/lib/watch.svelte";
import { current } from "$/services/session.svelte";
import { listSubscriptions, type Subscription } from "$/services/webhooks";

/** The latest 1,000 subscriptions are read, which are all unless the installation allows more. */
const PAGES_MAX = 10;

class Health {
  #organisationId = "";
  listing = $state.raw(newListing());

  /** Those that were paused because the receiver failed or is gone: somebody must act. */
  get stopped(): Subscription[] {
    return this.listing.items.filter((each) => each.pause !== null && each.pause.reason !== "by_hand");
  }

  get open(): Subscription[] {
    return this.listing.items.filter((each) => each.isActive && each.circuit.state !== "closed");
  }

  /** Keep it current while the component is shown. */
  watch(): void {
    const organisationId = current.session?.organisationId ?? "";
    if (organisationId !== this.#organisationId) {
      this.#organisationId = organisationId;
      this.listing = newListing();
    }
    useFeed(
      () => [`webhooks.health:${organisationId}`],
      () => this.listing.refresh(),
    );
  }
}

function newListing(): Listing<Subscription> {
  return new Listing(readAll, (subscription) => subscription.subscriptionId);
}

async function readAll(): Promise<{ items: Subscription[]; nextCursor: null }> {
  const items: Subscription[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const page = await listSubscriptions({}, cursor);
    items.push(...page.items);
    if (page.nextCursor === null) break;
    cursor = page.nextCursor;
  }
  return { items, nextCursor: null };
}

export const health = new Health();
