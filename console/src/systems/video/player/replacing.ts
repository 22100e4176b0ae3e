// Which loaded segments are replaced by better ones. While a title grows, lower qualities stand in for those that aren't
// encoded yet, and a player has up to half a minute of them loaded. This says which of them to load again, and when.

/** A segment, as a playlist lists it now. */
export interface Listed {
  readonly sn: number | "initSegment";
  readonly start: number;
  readonly end: number;
  readonly url: string;
}

export interface Moment {
  readonly positionS: number;
  /** Until where it can play on without a gap. */
  readonly bufferedUntilS: number;
  /** How long before it is played a segment has to be asked for, to be there in time. */
  readonly aheadS: number;
}

export interface Range {
  readonly startS: number;
  readonly endS: number;
}

/** The picture may stop when what it was decoded from is removed: hls.js keeps the last second as well. */
const KEPT_S = 1;
/** This much of a segment stays, so that rounding never takes the last frame of the one before. The new one replaces it. */
const SHARE_LEFT = 0.125;
/** What is removed ends here before the segment does. A browser then removes all until the next keyframe, and no more. */
const END_S = 0.05;

export class Replacing {
  /** The rungs whose segments are loaded, by the numbers of these. */
  readonly #loaded = new Map<number, string>();
  #rungs: readonly string[] = [];

  /** The rungs are these, from the lowest; each is the folder of its playlist. */
  listRungs(playlists: readonly string[]): void {
    this.#rungs = playlists.map((url) => url.split("/").at(-2) ?? "");
  }

  /** A segment of the picture has been loaded. */
  load(segment: Pick<Listed, "sn" | "url">): void {
    const rung = rungOf(segment.url);
    if (typeof segment.sn === "number" && rung !== null) this.#loaded.set(segment.sn, rung);
  }

  /**
   * Return what to remove from the buffer, so that the player loads better segments. Ahead, that is only one segment at a
   * time, which can arrive before it is played; behind, it is all, since that is only loaded if somebody seeks back.
   */
  next(listed: readonly Listed[], { positionS, bufferedUntilS, aheadS }: Moment): readonly Range[] {
    const better = listed.filter((segment) => this.#isBetter(segment));
    const behind = better.filter(({ end }) => end < positionS - KEPT_S);
    const ahead = better.find(({ start, end }) => start > positionS + aheadS && end <= bufferedUntilS + END_S);
    return [...behind, ...(ahead ? [ahead] : [])].map(({ sn, start, end }) => {
      this.#loaded.delete(Number(sn));
      return { startS: start + SHARE_LEFT * (end - start), endS: end - END_S };
    });
  }

  #isBetter({ sn, url }: Listed): boolean {
    const [loaded, rung] = [this.#loaded.get(Number(sn)), rungOf(url)];
    return loaded !== undefined && rung !== null && this.#rungs.indexOf(rung) > this.#rungs.indexOf(loaded);
  }
}

/** Whose segment an address of a growing playlist gives; null for other addresses. */
function rungOf(url: string): string | null {
  return new URLSearchParams(url.split("?")[1]).get("of");
}
