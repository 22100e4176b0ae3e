// A timeline as rows: days, the line above what is new, messages, and one's own that the log doesn't have yet.

import type { Message } from "$/services/messaging";

import type { Ephemeral } from "../apps/apps.svelte";
import type { Outgoing } from "../sending/outgoing";

/** Messages of one author that follow each other this quickly stand under one name. */
const GROUP_MS = 5 * 60_000;

export type Row =
  | { readonly kind: "day"; readonly key: string; readonly at: string }
  | { readonly kind: "new"; readonly key: string; readonly since: string }
  | { readonly kind: "message"; readonly key: string; readonly message: Message; readonly isFollowing: boolean }
  | { readonly kind: "ephemeral"; readonly key: string; readonly ephemeral: Ephemeral }
  | { readonly kind: "outgoing"; readonly key: string; readonly outgoing: Outgoing; readonly isFollowing: boolean };

interface Input {
  readonly messages: readonly Message[];
  readonly outgoing: readonly Outgoing[];
  /** The last entry of the log that is applied: what was sent up to there stands in it. */
  readonly sequence: number;
  readonly ownId: string;
  /** What apps have shown to this member alone; it stands at the end. */
  readonly ephemerals?: readonly Ephemeral[];
  /** The line is above the first message of others after this sequence; null for no line. */
  readonly newAfter: number | null;
  readonly hasDays: boolean;
}

export function rowsOf({ messages, outgoing, sequence, ownId, newAfter, hasDays, ephemerals = [] }: Input): Row[] {
  const rows: Row[] = [];
  let before: Message | undefined;
  let isMarked = false;
  for (const message of messages) {
    const isNewDay = hasDays && !isSameDay(before?.at, message.at);
    if (isNewDay) rows.push({ kind: "day", key: `day ${message.sequence}`, at: message.at });
    const isNew: boolean = !isMarked && newAfter !== null && message.sequence > newAfter && message.memberId !== ownId;
    if (isNew) rows.push({ kind: "new", key: "new", since: message.at });
    isMarked ||= isNew;
    const isFollowing = !isNewDay && !isNew && follows(before, message.memberId, Date.parse(message.at)) && !message.subtype && !isReply(message, hasDays);
    rows.push({ kind: "message", key: keyOf(message), message, isFollowing });
    before = message;
  }
  const unknown = outgoing.filter((each) => each.sequence === null || each.sequence > sequence);
  const shown = ephemerals.map((ephemeral): Row => ({ kind: "ephemeral", key: ephemeral.key, ephemeral }));
  return [...rows, ...unsentRows(messages, unknown, before, ownId), ...shown];
}

/** A message has the same key before and after it is committed, so that its row stays the same. */
function keyOf({ clientMsgId, memberId, sequence }: Message): string {
  return clientMsgId ? `${memberId} ${clientMsgId}` : `sequence ${sequence}`;
}

function unsentRows(messages: readonly Message[], outgoing: readonly Outgoing[], last: Message | undefined, ownId: string): Row[] {
  const known = new Set(messages.filter(({ memberId }) => memberId === ownId).map(({ clientMsgId }) => clientMsgId));
  const rows: Row[] = [];
  let author = last;
  for (const each of outgoing.filter(({ clientMsgId }) => !known.has(clientMsgId))) {
    const isFollowing = rows.length > 0 || follows(author, ownId, each.madeAt);
    rows.push({ kind: "outgoing", key: `${ownId} ${each.clientMsgId}`, outgoing: each, isFollowing });
    author = undefined;
  }
  return rows;
}

function follows(before: Message | undefined, memberId: string, at: number): boolean {
  if (!before || before.memberId !== memberId || before.deletedAt || before.subtype) return false;
  return at - Date.parse(before.at) < GROUP_MS;
}

/** A reply that is also shown in the channel says to what it replies. */
function isReply(message: Message, isChannel: boolean): boolean {
  return isChannel && message.threadSequence !== null;
}

function isSameDay(one: string | undefined, other: string): boolean {
  return one !== undefined && new Date(one).toDateString() === new Date(other).toDateString();
}
