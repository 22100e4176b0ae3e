// The titles that something is happening with, for the rail's mark and the upload page.

import { Listing } from "$/lib/listing.svelte";
import { useFeed } from "$/lib/watch.svelte";
import { current } from "$/services/session.svelte";
import { listTitles, type Title } from "$/services/video";

const LATEST_MAX = 20;
const DAY_MS = 86_400_000;

class Latest {
  all = new Listing<Title>((cursor) => listTitles({}, cursor, LATEST_MAX), (each) => each.titleId);

  get going(): readonly Title[] {
    return this.all.items.filter(({ status }) => status === "uploading" || status === "processing");
  }

  /** Titles that have failed within a day. */
  get failed(): readonly Title[] {
    return this.all.items.filter(({ status, endedAt }) => status === "failed" && Date.now() - Date.parse(endedAt ?? "") < DAY_MS);
  }

  /** Read them, and again when one has changed. Call it in a component's script. */
  watch(): void {
    useFeed(
      () => [titlesChannel()],
      () => this.all.refresh(),
    );
  }
}

/** The channel that tells of changes of all titles. */
export function titlesChannel(): string {
  return `video.titles:${current.session?.organisationId ?? ""}`;
}

export const latest = new Latest();
