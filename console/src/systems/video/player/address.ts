// The addresses of a play. They begin with a token, which is replaced by a newer one before it ends.

import { localPath } from "../pictures";

/** How long before its end a token is renewed: a tenth of its life and at least this, but half of a short life. */
const RENEW_MS_MIN = 30_000;
/** Not sooner, even if the token has ended by this machine’s clock, which may be wrong. */
const RENEW_IN_MS_MIN = 2_000;

export interface Stream {
  readonly hlsUrl: string;
  readonly expiresAt: string | null;
}

export class Address {
  #folders: string[] = [];
  #stream: Stream;

  constructor(stream: Stream) {
    this.#stream = { ...stream, hlsUrl: localPath(stream.hlsUrl) };
    this.#folders = [folderOf(this.#stream.hlsUrl)];
  }

  get manifest(): string {
    return this.#stream.hlsUrl;
  }

  /** The address of something of this title, such as `sprites.vtt`, with the newest token. */
  of(name: string): string {
    return folderOf(this.#stream.hlsUrl) + name;
  }

  /** From now on, requests have the token of this one. */
  renew(stream: Stream): void {
    this.#stream = { ...stream, hlsUrl: localPath(stream.hlsUrl) };
    this.#folders = [folderOf(this.#stream.hlsUrl), ...this.#folders];
  }

  /** Return an address that a player has read earlier, with the newest token. */
  current(url: string): string {
    const path = localPath(url);
    const known = this.#folders.find((folder) => path.startsWith(folder));
    return known === undefined ? url : this.of(path.slice(known.length));
  }

  /** In how many milliseconds the token has to be renewed; nothing if it doesn't end. */
  renewInMs(now: number): number | null {
    if (this.#stream.expiresAt === null) return null;
    const left = Date.parse(this.#stream.expiresAt) - now;
    return Math.max(RENEW_IN_MS_MIN, left - Math.min(Math.max(RENEW_MS_MIN, left / 10), left / 2));
  }
}

function folderOf(url: string): string {
  return url.slice(0, url.lastIndexOf("/") + 1);
}

