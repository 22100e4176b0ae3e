// Messaging: members, channels with what is unread in them, messages and their logs.

import { call, upload, type Wire } from "./http";
import { PAGE_LIMIT_MAX, type Page } from "./pages";
import { camelize, type Camel } from "./shape";

export type Member = Camel<Wire["MessagingMemberView"]>;
export type OwnMember = Camel<Wire["OwnMessagingMemberView"]>;
export type Channel = Camel<Wire["ChannelView"]>;
export type Unread = Camel<Wire["UnreadView"]>;
export type Reaction = Camel<Wire["ReactionView"]>;
export type SharedFile = Camel<Wire["FileView"]>;
export type Pin = Camel<Wire["PinView"]>;

/** A part of a message in Slack's Block Kit, as its author has sent it. */
export type Block = Readonly<Record<string, unknown>>;

/** A message that is committed. */
export interface Message extends Omit<Camel<Wire["ChannelMessageView"]>, "blocks"> {
  readonly blocks: readonly Block[] | null;
}

/** Consecutive messages, oldest first. */
export interface MessagePage {
  readonly items: Message[];
  readonly hasEarlier: boolean;
  readonly hasLater: boolean;
}

/** An entry of a channel's log. What else it has depends on its type. */
export interface LogEvent {
  readonly sequence: number;
  readonly type: string;
  readonly at: string;
  readonly memberId: string | null;
  readonly messageSequence: number | null;
  readonly [field: string]: unknown;
}

/** A message that was searched for. */
export interface Found {
  readonly message: Message;
  readonly channel: Channel;
  /** Where in the text the words are, in code points. */
  readonly highlights: readonly (readonly [number, number])[];
}

/** What is to be posted. The same `clientMsgId` is the same message, for all time. */
export interface NewMessage {
  readonly text: string;
  readonly clientMsgId: string;
  readonly threadSequence: number | null;
  readonly isBroadcast: boolean;
  readonly fileIds: readonly string[];
}

/** Which messages of a channel to read; without any of these, the latest ones. */
export interface Place {
  readonly before?: number;
  readonly after?: number;
  readonly around?: number;
}

export const PAGE_MESSAGES = 50;
/** What is sent again with the same id if no answer came in this time. */
const ANSWER_MS_MAX = 8_000;
const EVENTS_MAX = 1_000;
const PRESENCE_MAX = 100;

export function getOwnMember(): Promise<OwnMember> {
  return call("GET", "/messaging/me");
}

export function listMembers(cursor?: string): Promise<Page<Member>> {
  return call("GET", "/messaging/members", { query: { cursor, limit: PAGE_LIMIT_MAX } });
}

export function getMember(memberId: string): Promise<Member> {
  return call("GET", `/messaging/members/${memberId}`);
}

export function listChannels(filter: { isIn: boolean; hasArchived?: boolean }, cursor?: string): Promise<Page<Channel>> {
  return call("GET", "/messaging/channels", { query: { is_in: filter.isIn, has_archived: filter.hasArchived, cursor, limit: PAGE_LIMIT_MAX } });
}

export function getChannel(channelId: string): Promise<Channel> {
  return call("GET", `/messaging/channels/${channelId}`);
}

export function createChannel(body: { name: string; isPrivate: boolean; topic: string }): Promise<Channel> {
  return call("POST", "/messaging/channels", { body });
}

export function changeChannel(channelId: string, body: { name?: string; topic?: string; purpose?: string }): Promise<Channel> {
  return call("PATCH", `/messaging/channels/${channelId}`, { body });
}

export function joinChannel(channelId: string): Promise<unknown> {
  return call("POST", `/messaging/channels/${channelId}/join`, { body: {} });
}

export function leaveChannel(channelId: string): Promise<unknown> {
  return call("POST", `/messaging/channels/${channelId}/leave`, { body: {} });
}

export function setArchived(channelId: string, isArchived: boolean): Promise<Channel> {
  return call("POST", `/messaging/channels/${channelId}/${isArchived ? "archive" : "unarchive"}`, { body: {} });
}

export function inviteMembers(channelId: string, memberIds: readonly string[]): Promise<unknown> {
  return call("POST", `/messaging/channels/${channelId}/invite`, { body: { memberIds } });
}

/** Take a member out of a channel. */
export function kickMember(channelId: string, memberId: string): Promise<unknown> {
  return call("POST", `/messaging/channels/${channelId}/kick`, { body: { kickedMemberId: memberId } });
}

export function listChannelMembers(channelId: string, cursor?: string): Promise<Page<Member>> {
  return call("GET", `/messaging/channels/${channelId}/members`, { query: { cursor, limit: PAGE_LIMIT_MAX } });
}

/** Open the conversation with these members, which is always the same one. */
export function openConversation(memberIds: readonly string[]): Promise<Channel> {
  return call("POST", "/messaging/direct", { body: { memberIds } });
}

export async function listUnread(): Promise<Unread[]> {
  return (await call<{ items: Unread[] }>("GET", "/messaging/unread")).items;
}

export function markRead(channelId: string, sequence: number): Promise<Unread> {
  return call("POST", `/messaging/channels/${channelId}/read`, { body: { sequence } });
}

export function listMessages(channelId: string, place: Place = {}): Promise<MessagePage> {
  return call("GET", `/messaging/channels/${channelId}/messages`, { query: { ...place, limit: PAGE_MESSAGES } });
}

export function getMessage(channelId: string, sequence: number): Promise<Message> {
  return call("GET", `/messaging/channels/${channelId}/messages/${sequence}`);
}

export function listReplies(channelId: string, sequence: number, after = 0): Promise<MessagePage> {
  return call("GET", `/messaging/channels/${channelId}/messages/${sequence}/replies`, { query: { after, limit: PAGE_LIMIT_MAX } });
}

/** Search messages, latest first: words, phrases, `from:@name in:#channel before: after: on: has: is:thread`. */
export function searchMessages(wanted: string, cursor?: string): Promise<Page<Found>> {
  return call("GET", "/messaging/search", { query: { q: wanted, cursor, limit: 30 } });
}

/** Post a message; also again, if no answer came. */
export function postMessage(channelId: string, body: NewMessage): Promise<Message> {
  const { fileIds, ...message } = body;
  return call("POST", `/messaging/channels/${channelId}/messages`, { body: fileIds.length ? body : message, timeoutMs: ANSWER_MS_MAX });
}

/** Edit a message of whose `editVersion` the author knows; another one is refused with `edit_conflict`. */
export function editMessage(channelId: string, sequence: number, body: { text: string; editVersion: number }): Promise<Message> {
  return call("PATCH", `/messaging/channels/${channelId}/messages/${sequence}`, { body });
}

export function deleteMessage(channelId: string, sequence: number): Promise<void> {
  return call("DELETE", `/messaging/channels/${channelId}/messages/${sequence}`);
}

export function setReaction(channelId: string, sequence: number, emoji: string, isAdded: boolean): Promise<unknown> {
  const path = `/messaging/channels/${channelId}/messages/${sequence}/reactions/${encodeURIComponent(emoji)}`;
  return isAdded ? call("PUT", path, { body: {} }) : call("DELETE", path);
}

export function setPinned(channelId: string, sequence: number, isPinned: boolean): Promise<unknown> {
  const path = `/messaging/channels/${channelId}/messages/${sequence}/pin`;
  return isPinned ? call("PUT", path, { body: {} }) : call("DELETE", path);
}

export async function listPins(channelId: string): Promise<Pin[]> {
  return (await call<{ items: Pin[] }>("GET", `/messaging/channels/${channelId}/pins`)).items;
}

/** The entries of a channel's log after a sequence, as its live channel has them. */
export async function listEvents(channelId: string, after: number): Promise<{ events: LogEvent[]; lastSequence: number }> {
  const read = await call<{ items: (LogEvent & { data: Record<string, unknown> })[]; lastSequence: number }>(
    "GET",
    `/messaging/channels/${channelId}/events`,
    { query: { after, limit: EVENTS_MAX } },
  );
  return { events: read.items.map(({ data, ...event }) => ({ ...event, ...data })), lastSequence: read.lastSequence };
}

/** Return what a live channel of messaging says, or nothing if it is nothing of it. */
export function readEntry(entry: unknown): { readonly type: string; readonly [field: string]: unknown } | undefined {
  const read = camelize(entry) as { type?: unknown } | null;
  return typeof read === "object" && typeof read?.type === "string" ? (read as { type: string }) : undefined;
}

/** Return an entry of a channel's log, or nothing if it is a signal that isn't kept. */
export function readLogEvent(entry: unknown): LogEvent | undefined {
  const event = readEntry(entry) as LogEvent | undefined;
  return typeof event?.sequence === "number" && typeof event.at === "string" ? event : undefined;
}

/** Upload a file, which no message has yet. */
export function uploadFile(file: Blob, name: string, how: { onprogress: (progress: number) => void; signal: AbortSignal }): Promise<SharedFile> {
  return upload("/messaging/files", file, { query: { name }, ...how });
}

export function deleteFile(fileId: string): Promise<void> {
  return call("DELETE", `/messaging/files/${fileId}`);
}

/** Whether members are active, for those that are on the screen. */
export async function listPresence(memberIds: readonly string[]): Promise<{ memberId: string; presence: "active" | "away" }[]> {
  const shown = memberIds.slice(0, PRESENCE_MAX).join(",");
  return (await call<{ items: { memberId: string; presence: "active" | "away" }[] }>("GET", "/messaging/presence", { query: { member_ids: shown } })).items;
}

/** How many others have read a message, in the channel or on whatever device. */
export function getReaders(channelId: string, sequence: number): Promise<{ count: number; memberIds: string[] }> {
  return call("GET", `/messaging/channels/${channelId}/messages/${sequence}/readers`);
}

export function setMuted(channelId: string, isMuted: boolean): Promise<unknown> {
  return call("PATCH", `/messaging/channels/${channelId}/membership`, { body: { isMuted } });
}
