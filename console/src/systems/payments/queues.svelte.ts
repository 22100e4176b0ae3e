// What waits for a person: doubts past their deadline, and open breaks.

import { Listing } from "$/lib/listing.svelte";
import { useFeed } from "$/lib/watch.svelte";
import { listDoubts, type Attempt } from "$/services/payments";
import { current } from "$/services/session.svelte";
import { listBreaks, type Break } from "$/services/settlement";

class Queues {
  /** Doubts that the processor is still asked about. */
  doubts = new Listing<Attempt>((cursor) => listDoubts("in_doubt", cursor), (each) => each.attemptId);
  needsPerson = new Listing<Attempt>((cursor) => listDoubts("needs_person", cursor), (each) => each.attemptId);
  breaks = new Listing<Break>((cursor) => listBreaks({ state: "open" }, cursor), (each) => each.breakId);

  /** How many wait for a person. */
  get count(): number {
    return this.needsPerson.items.length + this.breaks.items.length;
  }

  /** Read them, and again when one may have changed. Call it in a component's script. */
  watch(): void {
    useFeed(
      () => [`payments.changes:${current.session?.organisationId ?? ""}`],
      () => Promise.all([this.doubts.refresh(), this.needsPerson.refresh()]),
    );
    useFeed(
      () => [`payments.settlement:${current.session?.organisationId ?? ""}`],
      () => this.breaks.refresh(),
    );
  }
}

export const queues = new Queues();
