// What this page knows of a channel: the messages around a place, one thread, and up to where it has read the log.
// Entries of the log are applied in their order, each once, so that every device ends with the same.

import type { Block, LogEvent, Message, MessagePage } from "$/services/messaging";

/** How many messages of a channel are kept at once. Those on the other side are read again when they are wanted. */
export const KEPT_MAX = 300;

/** A message with its replies. */
export interface Thread {
  readonly root: Message;
  readonly replies: readonly Message[];
  readonly hasLater: boolean;
}

export interface Known {
  readonly channelId: string;
  /** The last entry of the log that is applied. */
  readonly sequence: number;
  /** Consecutive messages, oldest first, without replies that are only in a thread. */
  readonly messages: readonly Message[];
  readonly hasEarlier: boolean;
  readonly hasLater: boolean;
  readonly thread: Thread | undefined;
}

/** Begin with a page of messages that was read after the log had reached a sequence. */
export function begin(channelId: string, sequence: number, page: MessagePage, thread?: Thread): Known {
  return { channelId, sequence, messages: page.items, hasEarlier: page.hasEarlier, hasLater: page.hasLater, thread };
}

/** Whether entries before this one are missing. */
export function isGap(known: Known, event: LogEvent): boolean {
  return event.sequence > known.sequence + 1;
}

/** Apply the next entry of the log. One that was applied before changes nothing. */
export function receive(known: Known, event: LogEvent): Known {
  if (event.sequence <= known.sequence) return known;
  return { ...apply(known, event), sequence: event.sequence };
}

/** Apply entries to messages that were read before they came. Where one is applied already, it changes nothing. */
export function applyMeanwhile(known: Known, events: readonly LogEvent[]): Known {
  return events.reduce(apply, known);
}

/** Add a page of earlier messages. */
export function prepend(known: Known, page: MessagePage): Known {
  const messages = merge(page.items, known.messages);
  return {
    ...known,
    messages: messages.slice(0, KEPT_MAX),
    hasEarlier: page.hasEarlier,
    hasLater: known.hasLater || messages.length > KEPT_MAX,
  };
}

/** Add a page of later messages. */
export function append(known: Known, page: MessagePage): Known {
  const messages = merge(known.messages, page.items);
  return {
    ...known,
    messages: messages.slice(-KEPT_MAX),
    hasEarlier: known.hasEarlier || messages.length > KEPT_MAX,
    hasLater: page.hasLater,
  };
}

/** Show a message as the server has just returned it. */
export function replace(known: Known, message: Message): Known {
  return change(known, message.sequence, (shown) => (message.editVersion >= shown.editVersion ? message : shown));
}

/** The last sequence on the page: as far as a reader at its end has read. */
export function lastShown(known: Known): number {
  return known.hasLater ? (known.messages.at(-1)?.sequence ?? 0) : known.sequence;
}

function apply(known: Known, event: LogEvent): Known {
  const at = event.messageSequence ?? 0;
  const emoji = String(event["emoji"]);
  switch (event.type) {
    case "message":
      return add(known, messageOf(known.channelId, event));
    case "message_edited":
      return change(known, at, (message) => edited(message, event));
    case "message_deleted":
      return removed(change(known, at, (message) => ({ ...message, text: "", blocks: null, files: [], reactions: [], isPinned: false, deletedAt: event.at })), at);
    case "reaction_added":
      return change(known, at, (message) => reacted(message, emoji, event.memberId ?? "", true));
    case "reaction_removed":
      return change(known, at, (message) => reacted(message, emoji, event.memberId ?? "", false));
    case "pin_added":
    case "pin_removed":
      return change(known, at, (message) => ({ ...message, isPinned: event.type === "pin_added" }));
    default:
      return known;
  }
}

function add(known: Known, message: Message): Known {
  const { threadSequence } = message;
  const counted = threadSequence === null ? known : change(known, threadSequence, (root) => countReply(root, message.sequence));
  const thread = counted.thread;
  const isInThread = thread !== undefined && thread.root.sequence === threadSequence && !thread.hasLater;
  const isInChannel = (threadSequence === null || message.isBroadcast) && !known.hasLater;
  return {
    ...counted,
    ...(isInChannel ? keepLatest(counted, merge(counted.messages, [message])) : {}),
    thread: isInThread ? { ...thread, replies: merge(thread.replies, [message]) } : thread,
  };
}

/** While one reads at the end of a busy channel, its beginning leaves the page. */
function keepLatest(known: Known, messages: readonly Message[]): Pick<Known, "messages" | "hasEarlier"> {
  if (messages.length <= 2 * KEPT_MAX) return { messages, hasEarlier: known.hasEarlier };
  return { messages: messages.slice(-KEPT_MAX), hasEarlier: true };
}

/** A reply that the page of messages already counts is later than none. */
function countReply(root: Message, sequence: number): Message {
  if (sequence <= (root.latestReplySequence ?? 0)) return root;
  return { ...root, replyCount: root.replyCount + 1, latestReplySequence: sequence };
}

function edited(message: Message, event: LogEvent): Message {
  const editVersion = Number(event["editVersion"]);
  if (editVersion <= message.editVersion || message.deletedAt) return message;
  return { ...message, text: String(event["text"]), blocks: event["blocks"] as Block[] | null, editVersion, editedAt: event.at };
}

/** A deleted message is gone, as it is for who reads the channel from now on. One with replies stays as an empty place. */
function removed(known: Known, sequence: number): Known {
  const stays = (message: Message): boolean => message.sequence !== sequence || message.replyCount > 0;
  const { messages, thread } = known;
  return { ...known, messages: messages.filter(stays), thread: thread && { ...thread, replies: thread.replies.filter(stays) } };
}

function reacted(message: Message, emoji: string, memberId: string, isAdded: boolean): Message {
  const others = (memberIds: readonly string[]): string[] => memberIds.filter((each) => each !== memberId);
  const known = message.reactions.find((reaction) => reaction.emoji === emoji);
  if (!known) return isAdded ? { ...message, reactions: [...message.reactions, { emoji, memberIds: [memberId] }] } : message;
  const memberIds = isAdded ? [...others(known.memberIds), memberId] : others(known.memberIds);
  const reactions = message.reactions.map((reaction) => (reaction === known ? { emoji, memberIds } : reaction));
  return { ...message, reactions: reactions.filter((reaction) => reaction.memberIds.length > 0) };
}

/** Change a message wherever it is shown. */
function change(known: Known, sequence: number, how: (message: Message) => Message): Known {
  const each = (message: Message): Message => (message.sequence === sequence ? how(message) : message);
  const { thread } = known;
  return {
    ...known,
    messages: known.messages.some((message) => message.sequence === sequence) ? known.messages.map(each) : known.messages,
    thread: thread && { ...thread, root: each(thread.root), replies: thread.replies.map(each) },
  };
}

function merge(first: readonly Message[], second: readonly Message[]): Message[] {
  const known = new Set(first.map((message) => message.sequence));
  return [...first, ...second.filter((message) => !known.has(message.sequence))];
}

function messageOf(channelId: string, event: LogEvent): Message {
  const message = {
    channelId,
    sequence: event.sequence,
    ts: String(event["ts"]),
    at: event.at,
    memberId: event.memberId ?? "",
    clientMsgId: event["clientMsgId"],
    text: event["text"] ?? "",
    blocks: event["blocks"] ?? null,
    threadSequence: event["threadSequence"] ?? null,
    isBroadcast: event["isBroadcast"] ?? false,
    subtype: event["subtype"] ?? null,
    replyCount: 0,
    latestReplySequence: null,
    editedAt: null,
    editVersion: 0,
    deletedAt: null,
    reactions: [],
    isPinned: false,
    // The log has their ids.
    files: [],
  };
  return message as unknown as Message;
}
