// The repositories, which several pages name.

import { Listing } from "$/lib/listing.svelte";
import { useFeed } from "$/lib/watch.svelte";
import { current } from "$/services/session.svelte";
import { listRepositories, type Repository } from "$/services/workflows";

class Repositories {
  all = new Listing<Repository>((cursor) => listRepositories(cursor), (each) => each.repositoryId);

  nameOf(id: string): string {
    return this.all.items.find(({ repositoryId }) => repositoryId === id)?.name ?? id;
  }

  /** Read them, and again when one may have changed. Call it in a component's script. */
  watch(): void {
    useFeed(
      () => [`workflows.runs:${current.session?.organisationId ?? ""}`, "workflows.repositories"],
      () => this.all.refresh(),
    );
  }
}

export const repositories = new Repositories();
