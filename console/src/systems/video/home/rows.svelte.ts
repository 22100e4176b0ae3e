// The rows of the chosen profile, kept while one goes from page to page, so that they don't come anew each time.

import { Subject } from "$/lib/subject.svelte";
import { useFeed } from "$/lib/watch.svelte";
import { listRows, type Row } from "$/services/video";

import { titlesChannel } from "../latest.svelte";
import { profiles } from "../profiles.svelte";

class ProfileRows {
  #subject = new Subject(async () => {
    const profileId = profiles.chosen?.profileId;
    return profileId === undefined ? { profileId, rows: [] } : { profileId, rows: await listRows(profileId) };
  });

  /** Nothing until those of the chosen profile are read. */
  get all(): readonly Row[] | undefined {
    const read = this.#subject.value;
    return read !== undefined && read.profileId === profiles.chosen?.profileId ? read.rows : undefined;
  }

  get error(): unknown {
    return this.#subject.error;
  }

  refresh(): Promise<void> {
    return this.#subject.refresh();
  }

  /** Read them, and again when a title or the profile changes. Call it in a component's script. */
  watch(): void {
    useFeed(
      // The last one has no entries; another profile begins the watch again.
      () => [titlesChannel(), `video.profile:${profiles.chosen?.profileId ?? "none"}`],
      () => this.refresh(),
    );
  }
}

export const profileRows = new ProfileRows();
