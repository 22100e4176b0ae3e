// Playing by hls.js, which is loaded when somebody presses play. It asks again for what doesn't arrive, and renews its token.

import type Hls from "hls.js";
import type { ErrorData, HlsConfig, LoadPolicy } from "hls.js";

import { RefusedError } from "$/services/http";

import type { Address, Stream } from "./address";
import { GONE, NOT_SUPPORTED, refused, UNDECODABLE, UNREACHABLE, type Fault } from "./faults";
import { Replacing } from "./replacing";

const RETRY_MS_MAX = 8_000;
/** A decoder that fails more often than this in one play isn't started again. */
const RECOVERIES_MAX = 3;
/** Until it has measured: what a home connection has at least. */
const BANDWIDTH_FIRST = 1_500_000;
/** How often one address is asked for again, at growing intervals. */
const RETRIES_MAX = 12;
const RETRY_MS_MIN = 300;
const FORBIDDEN = [401, 403];
/** A connection that was cut has no status. By itself, hls.js gives up after these. */
const RETRIED = [0, ...FORBIDDEN];
const ABSENT = [404, 410];
/** A better segment is asked for this long before it is played, and twice as long as it should take. */
const REPLACE_AHEAD_S = 1;

export interface Level {
  readonly name: string;
  readonly height: number;
  readonly bitrate: number;
}

export interface Track {
  readonly id: number;
  readonly name: string;
  readonly language: string;
}

/** What the engine tells. */
export interface EngineEvents {
  onlevels: (levels: readonly Level[]) => void;
  ontracks: (tracks: readonly Track[]) => void;
  /** The film has this length so far; while it grows, that isn't its last one. */
  onlength: (seconds: number, isGrowing: boolean) => void;
  onfault: (fault: Fault | null) => void;
  /** Something went wrong, whether it is mended by itself or not. */
  onerror: (code: string, isFatal: boolean) => void;
}

export class Engine {
  #hls: Hls | undefined;
  #library: typeof Hls | undefined;
  #failures = 0;
  #recoveries = 0;
  #isEnded = false;
  readonly #replacing = new Replacing();
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #renewTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly video: HTMLVideoElement,
    readonly address: Address,
    readonly renew: () => Promise<Stream>,
    readonly events: EngineEvents,
  ) {}

  async start(positionS: number): Promise<void> {
    const { default: library } = await import("hls.js");
    if (this.#isEnded) return;
    if (!library.isSupported()) return this.events.onfault(NOT_SUPPORTED);
    this.#library = library;
    const hls = new library(this.#config(positionS, library));
    this.#hls = hls;
    // The page shows the texts itself.
    hls.subtitleDisplay = false;
    this.#listen(hls, library);
    hls.loadSource(this.address.manifest);
    hls.attachMedia(this.video);
    this.#renewLater();
  }

  /** Show one quality only; -1 lets the bandwidth decide. */
  setLevel(index: number): void {
    if (!this.#hls) return;
    this.#hls.nextLevel = index;
  }

  /** Load the texts of a track; -1 for none. */
  setTrack(id: number): void {
    if (!this.#hls) return;
    this.#hls.subtitleTrack = id;
    this.#hls.subtitleDisplay = false;
  }

  retryNow(): void {
    clearTimeout(this.#retryTimer);
    this.#load();
  }

  end(): void {
    this.#isEnded = true;
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#renewTimer);
    this.#hls?.destroy();
  }

  #config(startPosition: number, { DefaultConfig }: typeof Hls): Partial<HlsConfig> {
    return {
      manifestLoadPolicy: patient(DefaultConfig.manifestLoadPolicy),
      playlistLoadPolicy: patient(DefaultConfig.playlistLoadPolicy),
      fragLoadPolicy: patient(DefaultConfig.fragLoadPolicy),
      // The content security policy permits no worker from a blob, and fragments of MP4 need none.
      enableWorker: false,
      startPosition,
      capLevelToPlayerSize: true,
      abrEwmaDefaultEstimate: BANDWIDTH_FIRST,
      // A higher quality is tried a little sooner than by default, since its real bitrate is mostly below its maximum.
      abrBandWidthUpFactor: 0.85,
      abrMaxWithRealBitrate: true,
      backBufferLength: 60,
      xhrSetup: (request, url) => {
        const wanted = this.address.current(url);
        if (wanted !== url) request.open("GET", wanted, true);
      },
    };
  }

  #listen(hls: Hls, library: typeof Hls): void {
    const { Events } = library;
    hls.on(Events.MANIFEST_PARSED, () => {
      this.#replacing.listRungs(hls.levels.map(({ uri }) => uri));
      this.events.onlevels(hls.levels.map(({ height, bitrate }) => ({ name: `${height}p`, height, bitrate })));
    });
    hls.on(Events.LEVEL_UPDATED, (_, { details }) => {
      this.events.onlength(details.edge, details.live);
      this.#replace(hls, library);
    });
    hls.on(Events.SUBTITLE_TRACKS_UPDATED, (_, { subtitleTracks }) => this.events.ontracks(subtitleTracks.map(({ id, name, lang }) => ({ id, name, language: lang ?? "" }))));
    hls.on(Events.FRAG_BUFFERED, (_, { frag }) => {
      if (frag.type === "main") this.#replacing.load(frag);
      this.#arrived();
      this.#replace(hls, library);
    });
    hls.on(Events.ERROR, (_, data) => this.#failed(data));
  }

  /** Load again what is loaded in a lower quality than there is by now. The position stays, and so does what plays soon. */
  #replace(hls: Hls, { Events }: typeof Hls): void {
    const [level, video] = [hls.levels[hls.nextLoadLevel], this.video];
    if (!level?.details || video.seeking) return;
    const moment = {
      positionS: video.currentTime,
      bufferedUntilS: bufferedUntil(video),
      aheadS: video.playbackRate * (REPLACE_AHEAD_S + (2 * level.bitrate * level.details.targetduration) / hls.bandwidthEstimate),
    };
    for (const { startS, endS } of this.#replacing.next(level.details.fragments, moment)) {
      hls.trigger(Events.BUFFER_FLUSHING, { startOffset: startS, endOffset: endS, type: "video" });
    }
  }

  #arrived(): void {
    if (this.#failures === 0) return;
    this.#failures = 0;
    this.events.onfault(null);
  }

  #failed(data: ErrorData): void {
    this.events.onerror(data.details, data.fatal);
    const status = data.response?.code ?? 0;
    if (FORBIDDEN.includes(status)) return void this.#renewNow().then((isRenewed) => isRenewed && this.#load());
    if (!data.fatal) return;
    if (data.type === this.#library?.ErrorTypes.MEDIA_ERROR) return this.#recover();
    if (ABSENT.includes(status) && data.details.startsWith("manifest")) return this.events.onfault(GONE);
    this.#retryLater();
  }

  #recover(): void {
    if (this.#recoveries++ < RECOVERIES_MAX) this.#hls?.recoverMediaError();
    else this.events.onfault(UNDECODABLE);
  }

  #retryLater(): void {
    this.#failures += 1;
    // The first failure may be over at once.
    if (this.#failures > 1) this.events.onfault(UNREACHABLE);
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.#load(), Math.min(RETRY_MS_MAX, 250 * 2 ** this.#failures));
  }

  #load(): void {
    if (!this.#hls || this.#isEnded) return;
    if (this.#hls.levels.length === 0) this.#hls.loadSource(this.address.manifest);
    else this.#hls.startLoad(this.video.currentTime);
  }

  #renewLater(): void {
    const inMs = this.address.renewInMs(Date.now());
    clearTimeout(this.#renewTimer);
    // Timers of more than 24 days end at once.
    if (inMs !== null) this.#renewTimer = setTimeout(() => void this.#renewNow(), Math.min(inMs, 86_400_000));
  }

  #renewing: Promise<boolean> | undefined;

  #renewNow(): Promise<boolean> {
    this.#renewing ??= this.#askForToken().finally(() => (this.#renewing = undefined));
    return this.#renewing;
  }

  async #askForToken(): Promise<boolean> {
    try {
      this.address.renew(await this.renew());
      this.#renewLater();
      return true;
    } catch (error) {
      if (error instanceof RefusedError) this.events.onfault(refused(error.problem.detail, error.problem.remedy));
      else this.#retryLater();
      return false;
    }
  }
}

function bufferedUntil({ buffered, currentTime }: HTMLVideoElement): number {
  for (let at = 0; at < buffered.length; at++) {
    if (buffered.start(at) <= currentTime && currentTime <= buffered.end(at)) return buffered.end(at);
  }
  return currentTime;
}

/** Ask again also after a cut connection, and after a token that has just ended: the next request has the new one. */
function patient({ default: policy }: LoadPolicy): LoadPolicy {
  return {
    default: {
      ...policy,
      errorRetry: {
        maxNumRetry: RETRIES_MAX,
        retryDelayMs: RETRY_MS_MIN,
        maxRetryDelayMs: RETRY_MS_MAX,
        backoff: "exponential",
        shouldRetry: (config, count, _isTimeout, response, isRetried) => isRetried || (config !== null && config !== undefined && count < config.maxNumRetry && RETRIED.includes(response?.code ?? 0)),
      },
    },
  };
}
