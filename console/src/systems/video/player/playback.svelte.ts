// One play of a title: what is seen of it, what a person does with it, and what it tells the server.

import { browserText } from "$/lib/browser";
import { RefusedError } from "$/services/http";
import { renewPlay, startPlay, type Play } from "$/services/video";

import { Address } from "./address";
import { Beacons } from "./beacons";
import { Engine, type Level, type Track } from "./engine";
import { refused, UNREACHABLE, type Fault } from "./faults";
import { readSprites, type Sprite } from "./sprites";

export const RATES = [0.5, 0.75, 1, 1.25, 1.5, 2] as const;
/** Before the end of what is there: a player that seeks to the end itself has ended. */
const END_S = 0.3;
const SPRITES_RETRY_MS = 5_000;

export type Phase = "idle" | "starting" | "playing" | "paused" | "waiting" | "ended";

export class Playback {
  phase = $state<Phase>("idle");
  positionS = $state(0);
  /** How much of the film can be played so far. */
  lengthS = $state(0);
  isGrowing = $state(false);
  bufferedUntilS = $state(0);
  volume = $state(1);
  isMuted = $state(false);
  rate = $state(1);
  levels = $state.raw<readonly Level[]>([]);
  level = $state(-1);
  /** The quality that a person wants; -1 for that which the bandwidth permits. */
  wantedLevel = $state(-1);
  tracks = $state.raw<readonly Track[]>([]);
  track = $state(-1);
  caption = $state.raw<readonly string[]>([]);
  fault = $state.raw<Fault | null>(null);
  sprites = $state.raw<readonly Sprite[]>([]);
  joinMs = $state<number | null>(null);
  /** The qualities that were seen, in their order. */
  seen = $state.raw<readonly string[]>([]);

  #video: HTMLVideoElement | undefined;
  #engine: Engine | undefined;
  #beacons: Beacons | undefined;
  #address: Address | undefined;
  #askedAt = 0;
  #stalledAt: number | null = null;
  #isSeeking = false;
  #playedMs = 0;
  #playedSince: number | null = null;
  #isEnded = false;

  constructor(readonly titleId: string, readonly profileId: () => string | undefined) {}

  get isStarted(): boolean {
    return this.phase !== "idle";
  }

  get isRunning(): boolean {
    return this.phase === "playing" || this.phase === "waiting" || this.phase === "starting";
  }

  get switches(): number {
    return Math.max(0, this.seen.length - 1);
  }

  attach = (video: HTMLVideoElement): (() => void) => {
    this.#video = video;
    return () => this.end();
  };

  /** The address of a sheet of small pictures. */
  addressOf(name: string): string {
    return this.#address?.of(name) ?? "";
  }

  /** Begin; from where the profile has stopped, unless a position is given. */
  async start(fromS?: number): Promise<void> {
    if (this.isStarted || !this.#video) return;
    [this.phase, this.fault, this.#askedAt] = ["starting", null, performance.now()];
    try {
      const play = await startPlay(this.titleId, this.profileId());
      if (!this.#isEnded) await this.#begin(play, fromS ?? play.positionS ?? 0);
    } catch (error) {
      this.phase = "idle";
      this.fault = error instanceof RefusedError ? refused(error.problem.detail, error.problem.remedy) : UNREACHABLE;
    }
  }

  toggle(): void {
    if (!this.isStarted) return void this.start();
    if (!this.#video) return;
    if (this.phase === "ended") this.seek(0);
    if (this.#video.paused) void this.#video.play().catch(() => undefined);
    else this.#video.pause();
  }

  seek(seconds: number): void {
    if (!this.#video || !this.isStarted) return;
    const to = Math.max(0, Math.min(seconds, this.lengthS - END_S));
    this.#beacons?.note("seek", { from_s: this.#video.currentTime, to_s: to });
    this.#video.currentTime = this.positionS = to;
  }

  step(seconds: number): void {
    this.seek(this.positionS + seconds);
  }

  setRate(rate: number): void {
    this.rate = rate;
    if (this.#video) this.#video.playbackRate = rate;
  }

  /** One speed slower or faster. */
  stepRate(by: number): void {
    const at = RATES.findIndex((rate) => rate === this.rate);
    const next = RATES[at + by];
    if (next !== undefined) this.setRate(next);
  }

  setVolume(volume: number): void {
    if (!this.#video) return;
    this.#video.volume = Math.max(0, Math.min(1, volume));
    this.#video.muted = false;
  }

  toggleMuted(): void {
    if (this.#video) this.#video.muted = !this.#video.muted;
  }

  setLevel(index: number): void {
    this.wantedLevel = index;
    this.#engine?.setLevel(index);
  }

  setTrack(id: number): void {
    this.track = id;
    this.caption = [];
    this.#engine?.setTrack(id);
  }

  toggleCaptions(): void {
    this.setTrack(this.track === -1 ? (this.tracks[0]?.id ?? -1) : -1);
  }

  retry(): void {
    this.fault = null;
    if (this.isStarted) this.#engine?.retryNow();
    else void this.start();
  }

  end(): void {
    this.#isEnded = true;
    this.#beacons?.end();
    this.#engine?.end();
  }

  /** What the element tells. */
  readonly on = {
    timeupdate: () => this.#measure(),
    progress: () => this.#measure(),
    volumechange: () => {
      if (this.#video) [this.volume, this.isMuted] = [this.#video.volume, this.#video.muted];
    },
    playing: () => this.#played(),
    pause: () => this.#paused(),
    resize: () => this.#switched(),
    seeking: () => (this.#isSeeking = true),
    seeked: () => {
      this.#isSeeking = false;
      this.#measure();
    },
    waiting: () => this.#stalled(),
    ended: () => {
      this.phase = "ended";
      this.#stopped();
      this.#beacons?.note("ended");
      this.#beacons?.flush();
    },
  };

  async #begin(play: Play, fromS: number): Promise<void> {
    const video = this.#video;
    if (!video) return;
    const address = new Address(play);
    this.#address = address;
    this.#beacons = new Beacons({
      playId: play.playId,
      url: () => address.of("beacons"),
      positionS: () => this.positionS,
      playedS: () => (this.#playedMs + (this.#playedSince === null ? 0 : performance.now() - this.#playedSince)) / 1_000,
      isPlaying: () => this.phase === "playing",
      device: browserText(navigator.userAgent),
    });
    this.#engine = new Engine(video, address, () => renewPlay(play.playId), {
      onlevels: (levels) => (this.levels = levels),
      ontracks: (tracks) => this.#offered(tracks),
      onlength: (seconds, isGrowing) => {
        // It never gets shorter, whatever a lagging quality says.
        [this.lengthS, this.isGrowing] = [Math.max(this.lengthS, seconds), isGrowing];
      },
      onfault: (fault) => (this.fault = fault),
      onerror: (code, isFatal) => this.#beacons?.note("error", { code, is_fatal: isFatal ? 1 : 0 }),
    });
    await this.#engine.start(fromS);
    void video.play().catch(() => {
      // A browser that wants a click first.
      if (this.phase === "starting") this.phase = "paused";
    });
    void this.#loadSprites();
  }

  async #loadSprites(): Promise<void> {
    while (!this.#isEnded) {
      const answer = await fetch(this.addressOf("sprites.vtt")).catch(() => undefined);
      if (answer?.ok) this.sprites = readSprites(await answer.text());
      if (!this.isGrowing && this.sprites.length > 0) return;
      await new Promise((resolve) => setTimeout(resolve, SPRITES_RETRY_MS));
    }
  }

  #measure(): void {
    const video = this.#video;
    if (!video || this.#isSeeking) return;
    this.positionS = video.currentTime;
    for (let at = 0; at < video.buffered.length; at++) {
      if (video.buffered.start(at) <= video.currentTime + 0.1 && video.currentTime <= video.buffered.end(at)) this.bufferedUntilS = video.buffered.end(at);
    }
  }

  #played(): void {
    this.phase = "playing";
    const now = performance.now();
    this.#playedSince ??= now;
    if (this.joinMs === null) {
      this.joinMs = now - this.#askedAt;
      this.#beacons?.note("join", { join_ms: Math.round(this.joinMs) });
      this.#beacons?.flush();
    } else if (this.#stalledAt !== null) {
      this.#beacons?.note("resume", { stalled_ms: Math.round(now - this.#stalledAt) });
    }
    this.#stalledAt = null;
  }

  #paused(): void {
    if (this.phase === "ended" || this.#video?.ended) return;
    this.phase = "paused";
    this.#stalledAt = null;
    this.#stopped();
    this.#beacons?.note("pause");
    this.#beacons?.flush();
  }

  #stalled(): void {
    if (this.joinMs === null) return;
    this.phase = "waiting";
    this.#stopped();
    // Who seeks waits because of that.
    if (this.#isSeeking || this.#stalledAt !== null) return;
    this.#stalledAt = performance.now();
    this.#beacons?.note("stall");
  }

  /** The picture stands still from now on. */
  #stopped(): void {
    if (this.#playedSince !== null) this.#playedMs += performance.now() - this.#playedSince;
    this.#playedSince = null;
  }

  /** The picture has another size. That says more than what was asked for, since a lower quality may stand in for it. */
  #switched(): void {
    const [from, index] = [this.seen.at(-1) ?? null, this.levels.findIndex(({ height }) => height === this.#video?.videoHeight)];
    const to = this.levels[index]?.name;
    if (to === undefined || to === from) return;
    this.level = index;
    this.seen = [...this.seen, to];
    if (from !== null) this.#beacons?.note("switch", { from, to });
  }

  #offered(tracks: readonly Track[]): void {
    this.tracks = tracks;
    if (!tracks.some(({ id }) => id === this.track)) this.track = -1;
    for (const each of this.#video?.textTracks ?? []) each.oncuechange = () => this.#said(each);
    this.#video?.textTracks.addEventListener("addtrack", ({ track }) => {
      if (track) track.oncuechange = () => this.#said(track);
    });
  }

  #said(track: TextTrack): void {
    if (this.track === -1) return;
    this.caption = [...(track.activeCues ?? [])].map((cue) => (cue as VTTCue).text.replaceAll(/<[^>]*>/g, ""));
  }
}
