// What a player tells the server of itself: join, stalls, switches, errors, and the position.

const INTERVAL_MS = 10_000;
/** Events that are kept at most; the oldest are dropped, since a heartbeat tells the position. */
const EVENTS_MAX = 200;

export type EventType = "join" | "stall" | "resume" | "switch" | "error" | "seek" | "pause" | "ended" | "heartbeat";

export interface PlayerEvent {
  readonly type: EventType;
  readonly at: string;
  readonly [detail: string]: string | number | null;
}

export interface BeaconSource {
  readonly playId: string;
  /** Where beacons go, with the newest token. */
  readonly url: () => string;
  readonly positionS: () => number;
  /** How much has really been played since the beginning of the play. */
  readonly playedS: () => number;
  readonly isPlaying: () => boolean;
  readonly device: string;
}

/** Collects events, and sends them every ten seconds and when the page is left. */
export class Beacons {
  #events: PlayerEvent[] = [];
  #sequence = 0;
  #lastPositionS = -1;
  #playedS = 0;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(readonly source: BeaconSource, readonly transmit: (url: string, body: string) => void = sendBeacon) {
    this.#timer = setInterval(() => {
      if (this.source.isPlaying()) this.note("heartbeat");
      this.flush();
    }, INTERVAL_MS);
    window.addEventListener("pagehide", this.flush);
    document.addEventListener("visibilitychange", this.flush);
  }

  note(type: EventType, details: Readonly<Record<string, string | number | null>> = {}): void {
    this.#events = [...this.#events, { type, at: new Date().toISOString(), ...details }].slice(-EVENTS_MAX);
  }

  /** Send what was collected, if there is something new. */
  flush = (): void => {
    const [positionS, playedS] = [rounded(this.source.positionS()), this.source.playedS()];
    if (this.#events.length === 0 && positionS === this.#lastPositionS) return;
    const [events, sequence] = [this.#events, this.#sequence++];
    const { playId, device } = this.source;
    const played_s = rounded(Math.max(0, playedS - this.#playedS));
    [this.#events, this.#lastPositionS, this.#playedS] = [[], positionS, playedS];
    this.transmit(this.source.url(), JSON.stringify({ play_id: playId, sequence, at: new Date().toISOString(), position_s: positionS, played_s, device, events }));
  };

  end(): void {
    clearInterval(this.#timer);
    window.removeEventListener("pagehide", this.flush);
    document.removeEventListener("visibilitychange", this.flush);
    this.flush();
  }
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1_000) / 1_000;
}

function sendBeacon(url: string, body: string): void {
  navigator.sendBeacon(url, new Blob([body], { type: "application/json" }));
}
