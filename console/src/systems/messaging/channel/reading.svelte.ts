// How far the person has read a channel: the line above what was new, and telling the server what was seen.

import { throttle } from "$/lib/watch.svelte";
import { getReaders, markRead } from "$/services/messaging";

import type { Workspace } from "../workspace.svelte";
import { lastShown } from "./log";
import type { Room } from "./room.svelte";

const MARK_MS = 800;
const READERS_MS = 1_000;

export class Reading {
  /** The line stands above the first message of others after this sequence; null for no line. */
  newAfter = $state<number | null>(null);
  newCount = $state(0);
  /** How many others have read the own latest message; null if nobody can say. */
  readerCount = $state<number | null>(null);
  isFocused = $state(document.hasFocus());
  /** Whether the line was drawn for who came back to the window, not for who opened the channel. */
  isReturn = $state(false);
  #isBegun = false;
  readonly mark = throttle(() => this.#mark(), MARK_MS);
  readonly readReaders = throttle(() => this.#readReaders(), READERS_MS);

  constructor(
    readonly room: Room,
    readonly workspace: Workspace,
    readonly isAtEnd: () => boolean,
  ) {}

  /** Draw the line once it is known what is unread, and when one comes back to the window. */
  begin(isReturn = false): void {
    const unread = this.workspace.unread.get(this.room.channelId);
    if (!unread || (this.#isBegun && !isReturn)) return;
    this.#isBegun = true;
    if (unread.unread === 0 && unread.mentions === 0) return;
    [this.newAfter, this.newCount, this.isReturn] = [unread.readSequence, unread.unread, isReturn];
  }

  focus(isFocused: boolean): void {
    if (isFocused && !this.isFocused) this.begin(true);
    this.isFocused = isFocused;
    this.mark();
  }

  /** The own latest message on the page. */
  get ownLatest(): number | null {
    const ownId = this.workspace.member?.memberId;
    return this.room.known?.messages.findLast((message) => message.memberId === ownId && !message.deletedAt)?.sequence ?? null;
  }

  async #mark(): Promise<void> {
    const { channelId, known } = this.room;
    const unread = this.workspace.unread.get(channelId);
    if (!known || !unread || !this.isFocused || !this.isAtEnd() || known.hasLater) return;
    const sequence = lastShown(known);
    if (sequence <= unread.readSequence) return;
    const marked = await markRead(channelId, sequence).catch(() => undefined);
    if (marked) this.workspace.setUnread({ ...unread, ...marked });
  }

  async #readReaders(): Promise<void> {
    const sequence = this.ownLatest;
    if (sequence === null) return;
    const readers = await getReaders(this.room.channelId, sequence).catch(() => undefined);
    if (sequence === this.ownLatest) this.readerCount = readers?.count ?? null;
  }
}

/** What is known of one's latest message: committed, or read by others. */
export function receiptText(readerCount: number | null): string {
  return readerCount ? `Read by ${readerCount}` : "Sent";
}
