// What all pages of messaging share: the own member, who is there, the channels one is in, what is unread in them, and the
// messages that wait to be sent.

import { throttle } from "$/lib/watch.svelte";
import { connection } from "$/services/connection.svelte";
import { feed } from "$/services/feed";
import { getOwnMember, listChannels, listUnread, readEntry, type Channel, type Member, type Message, type OwnMember, type Unread } from "$/services/messaging";
import { current } from "$/services/session.svelte";

import { Apps } from "./apps/apps.svelte";
import { countMessage, countRead } from "./unread";
import { Directory, nameOf } from "./people/directory.svelte";
import { Outbox } from "./sending/outbox.svelte";

const CHANNEL_PAGES_MAX = 10;
/** Channels that are followed for their unread counts; a connection has 256 subscriptions. */
const FOLLOWED_MAX = 200;
const RECOUNT_MS = 2_000;

export class Workspace {
  own = $state.raw<OwnMember | undefined>();
  channels = $state.raw<readonly Channel[]>([]);
  unread = $state.raw<ReadonlyMap<string, Unread>>(new Map());
  isLoaded = $state(false);
  error = $state.raw<unknown>(null);
  readonly directory = new Directory();
  readonly apps = new Apps();
  readonly outbox: Outbox;
  /** Called with each message that this browser has sent. */
  readonly sentListeners = new Set<(message: Message) => void>();
  readonly recount = throttle(() => this.#recount(), RECOUNT_MS);

  constructor(readonly owner: string) {
    this.outbox = new Outbox(owner, (message) => this.sentListeners.forEach((listener) => listener(message)));
  }

  get member(): Member | undefined {
    return this.own?.member;
  }

  /** Mentions, and messages of conversations, that are unread: what asks for this person. */
  get callCount(): number {
    return this.channels.reduce((sum, channel) => sum + this.callCountOf(channel), 0);
  }

  callCountOf(channel: Channel): number {
    const unread = this.unread.get(channel.channelId);
    if (!unread || unread.isMuted) return 0;
    return channel.memberIds === null ? unread.mentions : Math.max(unread.unread, unread.mentions);
  }

  nameOf(channel: Channel): string {
    if (channel.name !== null) return channel.name;
    const others = (channel.memberIds ?? []).filter((id) => id !== this.member?.memberId);
    if (others.length === 0) return `${this.member ? nameOf(this.member) : "…"} (you)`;
    return others.map((id) => this.directory.nameOf(id)).join(", ");
  }

  /** The id in Slack's API of a channel that one is in, by its name. */
  channelIdOf(name: string): string | undefined {
    return this.channels.find((channel) => channel.name === name)?.slackId;
  }

  /** Keep it current, and send what waits. Returns what ends that. */
  start(): () => void {
    const read = throttle(() => this.refresh(), RECOUNT_MS);
    const ends = [this.outbox.start(), connection.onReturn(read)];
    read();
    return () => ends.forEach((end) => end());
  }

  /** Follow what concerns the own member. Returns what ends that. */
  followOwn(own: OwnMember): () => void {
    const readAll = throttle(() => this.refresh(), RECOUNT_MS);
    const ends = [
      feed.watch(own.member.liveChannel, (entry) => {
        if (this.apps.take(entry)) return;
        const read = readEntry(entry);
        if (read?.type === "read") this.#take(countRead(this.unread, String(read["channelId"]), Number(read["readSequence"])), true);
        else if (read?.type === "message" && this.unread.has(String(read["channelId"]))) this.recount();
        else if (!read || ["joined", "left", "message"].includes(read.type)) readAll();
      }),
      feed.watch(own.organisationLiveChannel, (entry) => {
        if (readEntry(entry)) readAll();
      }),
    ];
    return () => ends.forEach((end) => end());
  }

  /** Count the messages of these channels as they come. Returns what ends that. */
  followChannels(channels: readonly string[]): () => void {
    const ends = channels.slice(0, FOLLOWED_MAX).map((channelId) => feed.watch(`messaging.channel:${channelId}`, (entry) => this.#count(channelId, entry)));
    return () => ends.forEach((end) => end());
  }

  async refresh(): Promise<void> {
    try {
      this.own ??= await getOwnMember();
      const [channels] = await Promise.all([listOwnChannels(), this.directory.refresh(), this.#recount()]);
      this.channels = channels;
      [this.isLoaded, this.error] = [true, null];
    } catch (error) {
      if (!this.isLoaded) this.error = error;
    }
  }

  /** Show a channel that was created, opened or changed here. Until what is unread is counted, one isn't in a new one. */
  show(channel: Channel): Promise<void> {
    const others = this.channels.filter((each) => each.channelId !== channel.channelId);
    this.channels = [...others, channel];
    return this.#recount();
  }

  /** Show what the server counts in one channel. */
  setUnread(unread: Unread): void {
    this.#take(new Map(this.unread).set(unread.channelId, unread));
  }

  #count(channelId: string, entry: unknown): void {
    const event = readEntry(entry);
    const counted = event && this.member && countMessage(this.unread, channelId, event, this.member.memberId);
    if (counted) this.#take(counted);
    else if (!event || ["message_deleted", "message_edited"].includes(event.type)) this.recount();
  }

  #take(unread: ReadonlyMap<string, Unread>, isToCount = false): void {
    if (unread === this.unread) return;
    this.unread = unread;
    if (isToCount) this.recount();
  }

  async #recount(): Promise<void> {
    const read = await listUnread().catch(() => undefined);
    if (read) this.unread = new Map(read.map((each) => [each.channelId, each]));
  }
}

async function listOwnChannels(): Promise<Channel[]> {
  const found: Channel[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < CHANNEL_PAGES_MAX; pages++) {
    const page = await listChannels({ isIn: true }, cursor);
    found.push(...page.items);
    if (page.nextCursor === null) break;
    cursor = page.nextCursor;
  }
  return found;
}

let latest = new Workspace("");

/** Return the workspace of who is signed in. */
export function theWorkspace(): Workspace {
  const owner = `${current.session?.organisationId}:${current.session?.account.accountId}`;
  if (latest.owner !== owner) latest = new Workspace(owner);
  return latest;
}
