// The merchants, which most pages of payments name.

import { Listing } from "$/lib/listing.svelte";
import { useFeed } from "$/lib/watch.svelte";
import { listMerchants, type Merchant } from "$/services/payments";

class Merchants {
  all = new Listing<Merchant>((cursor) => listMerchants(cursor), (each) => each.merchantId);
  #byId = $derived(new Map(this.all.items.map((each) => [each.merchantId, each])));

  /** Read them, and again when some may have changed. Call it in a component's script. */
  watch(): void {
    useFeed(
      () => ["payments.merchants"],
      () => this.all.refresh(),
    );
  }

  find(merchantId: string): Merchant | undefined {
    return this.#byId.get(merchantId);
  }

  /** The name, or the id while it isn't known. */
  nameOf(merchantId: string): string {
    return this.find(merchantId)?.name ?? merchantId;
  }

  /** The time zone, in which the merchant's days are. */
  zoneOf(merchantId: string): string {
    return this.find(merchantId)?.timeZone ?? "UTC";
  }
}

export const merchants = new Merchants();
