// The person's conversations, those that changed last first, or those that the search finds.

import { Listing } from "$/lib/listing.svelte";
import { useFeed } from "$/lib/watch.svelte";
import { listConversations, type Conversation } from "$/services/assistant";
import { current } from "$/services/session.svelte";

const SEARCH_DELAY_MS = 200;

class Conversations {
  search = $state("");
  listing = $state.raw(newListing(""));
  #owner = "";
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Keep it current while the component is shown. */
  watch(): void {
    const owner = `${current.session?.organisationId} ${current.session?.account.accountId}`;
    if (owner !== this.#owner) {
      this.#owner = owner;
      this.search = "";
      this.listing = newListing("");
    }
    useFeed(
      () => [this.listing.items[0]?.listLiveChannel ?? "assistant.conversations"],
      () => this.listing.refresh(),
    );
  }

  /** Search on the server, once the person stops typing. What was found before stays until then. */
  find(search: string): void {
    this.search = search;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#read(search), SEARCH_DELAY_MS);
  }

  async #read(search: string): Promise<void> {
    const listing = newListing(search);
    await listing.refresh();
    if (search === this.search) this.listing = listing;
  }
}

function newListing(search: string): Listing<Conversation> {
  return new Listing((cursor) => listConversations(search, cursor), (conversation) => conversation.conversationId);
}

export const conversations = new Conversations();
