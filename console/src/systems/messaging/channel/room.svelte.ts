// One channel on this page: its log over the feed, pages of its messages around the reader, and a thread.

import { connection } from "$/services/connection.svelte";
import { feed } from "$/services/feed";
import { RefusedError } from "$/services/http";
import {
  getChannel,
  getMessage,
  listEvents,
  listMessages,
  listReplies,
  readEntry,
  readLogEvent,
  type Channel,
  type LogEvent,
  type Message,
  type Place,
} from "$/services/messaging";

import { append, applyMeanwhile, begin, isGap, prepend, receive, replace, type Known, type Thread } from "./log";
import { Typing } from "./typing.svelte";

/** Entries that are applied one by one after an absence; after a longer one, the channel is read again. */
const CAUGHT_UP_MAX = 1_000;
/** How many pages of a thread are read at once. */
const REPLY_PAGES_MAX = 10;

export class Room {
  channel = $state.raw<Channel | undefined>();
  known = $state.raw<Known | undefined>();
  error = $state.raw<unknown>(null);
  /** Set when so much was missed that the channel was read again: the reader's place may have changed. */
  wasReadAgain = $state(false);
  isLoading = $state(false);
  readonly typing = new Typing();
  /** Called with each entry of the log that comes while the page is open. */
  onevent: (event: LogEvent) => void = () => undefined;
  /** Called when others may have read further. */
  onread: () => void = () => undefined;
  #generation = 0;
  /** Where it was to be opened last. */
  #place: Place = {};
  #catchingUp: Promise<void> | undefined;
  /** Of each request for messages that isn't answered: what came over the log since it was sent. */
  readonly #meanwhile = new Set<LogEvent[]>();

  constructor(readonly channelId: string) {}

  /** Follow the channel's log. Returns what ends that. */
  follow(): () => void {
    const ends = [
      feed.watch(`messaging.channel:${this.channelId}`, (entry) => this.#take(entry)),
      connection.onReturn(() => void (this.known ? this.catchUp() : this.reopen())),
    ];
    return () => ends.forEach((end) => end());
  }

  /** Read the latest messages, or those around a place. */
  async open(place: Place = {}): Promise<void> {
    const generation = ++this.#generation;
    [this.#place, this.isLoading] = [place, true];
    try {
      // First how far the log is, then the messages: what comes in between is applied to what has it already.
      const channel = await getChannel(this.channelId);
      const page = await listMessages(this.channelId, place);
      if (generation !== this.#generation) return;
      this.channel = channel;
      this.known = begin(this.channelId, channel.lastSequence, page, this.known?.thread);
      this.error = null;
      await this.catchUp();
    } catch (error) {
      if (generation === this.#generation) this.error = error;
    } finally {
      if (generation === this.#generation) this.isLoading = false;
    }
  }

  /** Try again what didn't work. */
  reopen(): Promise<void> {
    return this.open(this.#place);
  }

  loadEarlier(): Promise<void> {
    return this.#load((known) => ({ before: known.messages[0]?.sequence ?? 0 }), prepend);
  }

  loadLater(): Promise<void> {
    return this.#load((known) => ({ after: known.messages.at(-1)?.sequence ?? 0 }), append);
  }

  /** Whether a message is among those that are loaded. */
  has(sequence: number): boolean {
    return this.known?.messages.some((message) => message.sequence === sequence) ?? false;
  }

  async openThread(sequence: number): Promise<void> {
    const [thread, meanwhile] = await this.#readAlong(() => this.#readThread(sequence));
    if (this.known) this.known = applyMeanwhile({ ...this.known, thread }, meanwhile);
    await this.catchUp();
  }

  async loadReplies(): Promise<void> {
    const thread = this.known?.thread;
    if (!thread?.hasLater || this.isLoading) return;
    this.isLoading = true;
    const [more, meanwhile] = await this.#readAlong(() => this.#moreReplies(thread).catch(() => thread));
    this.isLoading = false;
    if (this.known?.thread?.root.sequence !== thread.root.sequence) return;
    this.known = applyMeanwhile({ ...this.known, thread: { ...more, root: this.known.thread.root } }, meanwhile);
  }

  closeThread(): void {
    if (this.known) this.known = { ...this.known, thread: undefined };
  }

  /** Show a message as the server has returned it. */
  show(message: Message): void {
    if (this.known) this.known = replace(this.known, message);
  }

  /** Apply what the log has after what is known. */
  catchUp(): Promise<void> {
    this.#catchingUp ??= this.#catchUp().finally(() => (this.#catchingUp = undefined));
    return this.#catchingUp;
  }

  async #catchUp(): Promise<void> {
    if (!this.known) return;
    // Entries come over the feed meanwhile, so that the answer can be behind what is known when it arrives.
    const after = this.known.sequence;
    try {
      const { events, lastSequence } = await listEvents(this.channelId, after);
      const missing = lastSequence - (events.at(-1)?.sequence ?? after);
      // A restored database can be behind what was shown.
      if (missing > CAUGHT_UP_MAX || lastSequence < after) await this.#readAgain();
      else for (const event of events) this.#receive(event);
      if (missing > 0 && missing <= CAUGHT_UP_MAX) await this.#catchUp();
    } catch (error) {
      // The connection's return asks again; a refusal means that the channel can't be seen any more.
      if (error instanceof RefusedError) this.error = error;
    }
  }

  async #readAgain(): Promise<void> {
    const first = this.known?.hasLater ? this.known.messages.at(-1)?.sequence : undefined;
    this.#catchingUp = undefined;
    await this.open(first ? { around: first } : {});
    this.wasReadAgain = true;
  }

  #take(entry: unknown): void {
    const event = readLogEvent(entry);
    if (event) return this.#receive(event);
    const signal = readEntry(entry);
    if (signal?.type === "typing") this.typing.take(String(signal["memberId"]), Date.now());
    else if (signal?.type === "read") this.onread();
    else if (!signal) void this.catchUp();
  }

  #receive(event: LogEvent): void {
    if (!this.known) return;
    if (isGap(this.known, event)) return void this.catchUp();
    if (event.sequence <= this.known.sequence) return;
    this.known = receive(this.known, event);
    for (const events of this.#meanwhile) events.push(event);
    if (event.type === "message") this.typing.forget(event.memberId ?? "", Date.now());
    const incomplete = incompleteOf(event);
    if (incomplete) void this.#readMessage(incomplete);
    if (event.type.startsWith("channel_")) void getChannel(this.channelId).then((channel) => (this.channel = channel), () => undefined);
    this.onevent(event);
  }

  async #readMessage(sequence: number): Promise<void> {
    const message = await getMessage(this.channelId, sequence).catch(() => undefined);
    if (message) this.show(message);
  }

  async #load(placeOf: (known: Known) => Place, add: typeof prepend): Promise<void> {
    if (!this.known || this.isLoading) return;
    const generation = this.#generation;
    this.isLoading = true;
    try {
      const place = placeOf(this.known);
      const [page, meanwhile] = await this.#readAlong(() => listMessages(this.channelId, place));
      if (generation === this.#generation) this.known = applyMeanwhile(add(this.known, page), meanwhile);
    } catch (error) {
      if (error instanceof RefusedError) this.error = error;
    } finally {
      if (generation === this.#generation) this.isLoading = false;
    }
  }

  /** Read messages while the log goes on. Returns them, and what came before they arrived. */
  async #readAlong<T>(read: () => Promise<T>): Promise<[T, LogEvent[]]> {
    const meanwhile: LogEvent[] = [];
    this.#meanwhile.add(meanwhile);
    try {
      return [await read(), meanwhile];
    } finally {
      this.#meanwhile.delete(meanwhile);
    }
  }

  async #readThread(sequence: number): Promise<Thread> {
    const root = await getMessage(this.channelId, sequence);
    let thread: Thread = { root, replies: [], hasLater: true };
    for (let pages = 0; pages < REPLY_PAGES_MAX && thread.hasLater; pages++) thread = await this.#moreReplies(thread);
    return thread;
  }

  async #moreReplies(thread: Thread): Promise<Thread> {
    const page = await listReplies(this.channelId, thread.root.sequence, thread.replies.at(-1)?.sequence ?? 0);
    return { ...thread, replies: [...thread.replies, ...page.items], hasLater: page.hasLater };
  }
}

/** The message that an entry doesn't say everything of: its files, or how many replies are left. */
function incompleteOf(event: LogEvent): number | null {
  const files = event["fileIds"];
  if (event.type === "message" && Array.isArray(files) && files.length > 0) return event.sequence;
  if (event.type === "file_deleted") return event.messageSequence;
  return event.type === "message_deleted" && event["threadSequence"] ? Number(event["threadSequence"]) : null;
}

/** Channels that were shown last keep their place. */
const KEPT_MAX = 5;
let kept: { readonly owner: string; readonly room: Room }[] = [];

/** Return a channel; one that was shown a moment ago is still known, and only catches up. */
export function roomOf(owner: string, channelId: string): Room {
  const found = kept.find((each) => each.owner === owner && each.room.channelId === channelId) ?? { owner, room: new Room(channelId) };
  kept = [found, ...kept.filter((each) => each !== found)].slice(0, KEPT_MAX);
  return found.room;
}
