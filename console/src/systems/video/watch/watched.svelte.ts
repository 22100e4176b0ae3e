// The title that is watched: what the server says of it, and the play.

import { Subject } from "$/lib/subject.svelte";
import { getLadder, getTitle, getTitleExperience } from "$/services/video";

import { Playback } from "../player/playback.svelte";
import { profiles } from "../profiles.svelte";

export class Watched {
  readonly title;
  readonly ladder;
  readonly experience;
  readonly playback;
  /** Whether playing was begun by the page's address. */
  hasAsked = false;

  constructor(readonly titleId: string) {
    this.title = new Subject(() => getTitle(titleId));
    this.ladder = new Subject(() => getLadder(titleId));
    this.experience = new Subject(() => getTitleExperience(titleId));
    this.playback = new Playback(titleId, () => profiles.chosen?.profileId);
  }

  get isPlayable(): boolean {
    return this.title.value?.playableAt != null && profiles.isLoaded;
  }

  end(): void {
    this.playback.end();
  }
}
