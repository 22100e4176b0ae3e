// Unread counts between two answers of the server, which derives them from each channel's log.

import type { Unread } from "$/services/messaging";

type Counts = ReadonlyMap<string, Unread>;
type Entry = { readonly type: string; readonly [field: string]: unknown };

/** The server counts no further. */
const SHOWN_MAX = 1_000;

/** Count a message that has come; undefined if the entry is no message. */
export function countMessage(counts: Counts, channelId: string, event: Entry, ownId: string): Counts | undefined {
  const before = counts.get(channelId);
  const sequence = Number(event["sequence"]);
  if (event.type !== "message" || !before || sequence <= before.lastSequence) return undefined;
  const isOwn = event["memberId"] === ownId;
  const isListed = event["threadSequence"] === null || event["isBroadcast"] === true;
  const isMention = Array.isArray(event["mentionedIds"]) && event["mentionedIds"].includes(ownId);
  return new Map(counts).set(channelId, {
    ...before,
    lastSequence: sequence,
    unread: plus(before.unread, !isOwn && isListed),
    mentions: plus(before.mentions, !isOwn && isMention),
  });
}

/** Another device of this person has read a channel up to a sequence. What is left is counted by the server. */
export function countRead(counts: Counts, channelId: string, readSequence: number): Counts {
  const before = counts.get(channelId);
  if (!before || readSequence <= before.readSequence) return counts;
  const isAll = readSequence >= before.lastSequence;
  return new Map(counts).set(channelId, { ...before, readSequence, ...(isAll ? { unread: 0, mentions: 0 } : {}) });
}

function plus(count: number, isOne: boolean): number {
  return isOne ? Math.min(count + 1, SHOWN_MAX) : count;
}
