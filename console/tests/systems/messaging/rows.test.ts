import { expect, test } from "vitest";

import type { Message } from "$/services/messaging";
import { rowsOf, type Row } from "$/systems/messaging/channel/rows";
import { make, sent, type Outgoing } from "$/systems/messaging/sending/outgoing";

const NOON = Date.parse("2026-11-27T12:00:00");

function message(sequence: number, memberId: string, minutes: number, changes: Partial<Message> = {}): Message {
  return { sequence, memberId, at: new Date(NOON + minutes * 60_000).toISOString(), clientMsgId: `id-${sequence}`, threadSequence: null, deletedAt: null, subtype: null, ...changes } as Message;
}

function outgoing(id: string, minutes: number): Outgoing {
  return make({ channelId: "chan_1", threadSequence: null, isBroadcast: false, text: "", files: [] }, id, NOON + minutes * 60_000);
}

function shown(messages: Message[], { unsent = [], newAfter = null, sequence = 2 }: { unsent?: Outgoing[]; newAfter?: number | null; sequence?: number } = {}): string[] {
  const text = (row: Row): string => (row.kind === "message" || row.kind === "outgoing" ? `${row.isFollowing ? "+" : ""}${row.kind === "message" ? row.message.sequence : row.outgoing.clientMsgId}` : row.kind);
  return rowsOf({ messages, outgoing: unsent, sequence, ownId: "own", newAfter, hasDays: true }).map(text);
}

test("messages of one author within five minutes stand under one name", () => {
  expect(shown([message(1, "mara", 0), message(2, "mara", 4), message(3, "mara", 10), message(4, "own", 11)])).toEqual(["day", "1", "+2", "3", "4"]);
});

test("each day has its line", () => {
  expect(shown([message(1, "mara", 0), message(2, "mara", 24 * 60)])).toEqual(["day", "1", "day", "2"]);
});

test("the line of what is new is above the first message of somebody else", () => {
  expect(shown([message(1, "mara", 0), message(2, "own", 1), message(3, "mara", 2), message(4, "mara", 3)], { newAfter: 1 })).toEqual(["day", "1", "2", "new", "3", "+4"]);
  expect(shown([message(1, "mara", 0)], { newAfter: 1 })).toEqual(["day", "1"]);
});

test("what isn't committed follows, and is gone once the log has it", () => {
  const [first, second] = [outgoing("id-2", 1), outgoing("b", 2)];
  expect(shown([message(1, "own", 0)], { unsent: [first, second] })).toEqual(["day", "1", "+id-2", "+b"]);
  expect(shown([message(1, "own", 0), message(2, "own", 1)], { unsent: [first, second] })).toEqual(["day", "1", "+2", "+b"]);
});

test("what was sent shows until the log is read up to it, also if its page isn't loaded", () => {
  const unsent = [sent(outgoing("a", 1), 7)];
  expect(shown([message(1, "own", 0)], { unsent, sequence: 6 })).toEqual(["day", "1", "+a"]);
  expect(shown([message(1, "own", 0)], { unsent, sequence: 7 })).toEqual(["day", "1"]);
});

test("a message keeps its row when it is committed", () => {
  const before = rowsOf({ messages: [], outgoing: [outgoing("id-2", 0)], sequence: 0, ownId: "own", newAfter: null, hasDays: false });
  const after = rowsOf({ messages: [message(2, "own", 0)], outgoing: [], sequence: 0, ownId: "own", newAfter: null, hasDays: false });
  expect(after.map(({ key }) => key)).toEqual(before.map(({ key }) => key));
});
