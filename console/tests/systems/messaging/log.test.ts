import { describe, expect, test } from "vitest";

import type { LogEvent, Message, MessagePage } from "$/services/messaging";
import { append, begin, isGap, KEPT_MAX, lastShown, prepend, receive, replace, type Known } from "$/systems/messaging/channel/log";

const AT = "2026-11-27T12:00:00.000Z";

function message(sequence: number, changes: Partial<Message> = {}): Message {
  return {
    channelId: "chan_1", sequence, ts: `${sequence}.000000`, at: AT, memberId: "mem_1", clientMsgId: null, text: `text ${sequence}`, blocks: null, threadSequence: null,
    isBroadcast: false, replyCount: 0, latestReplySequence: null, editedAt: null, editVersion: 0, deletedAt: null, subtype: null, reactions: [], isPinned: false, files: [], ...changes,
  } as Message;
}

function page(first: number, count: number, changes: Partial<MessagePage> = {}): MessagePage {
  return { items: Array.from({ length: count }, (_, index) => message(first + index)), hasEarlier: false, hasLater: false, ...changes };
}

function event(sequence: number, type: string, fields: Record<string, unknown> = {}): LogEvent {
  return { sequence, type, at: AT, memberId: "mem_2", messageSequence: null, ...fields };
}

function known(changes: Partial<Known> = {}): Known {
  return { ...begin("chan_1", 3, page(1, 3)), ...changes };
}

function find(state: Known, sequence: number): Message | undefined {
  return state.messages.find((each) => each.sequence === sequence);
}

describe("entries of the log", () => {
  test("are applied once, whatever comes twice", () => {
    const once = receive(known(), event(4, "message", { text: "hello" }));
    expect(once.messages.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
    expect(receive(once, event(4, "message", { text: "hello" }))).toBe(once);
  });

  test("that skip one are a gap", () => {
    expect(isGap(known(), event(5, "message"))).toBe(true);
    expect(isGap(known(), event(4, "message"))).toBe(false);
    expect(isGap(known(), event(2, "message"))).toBe(false);
  });

  test("that a page of messages already has don't double its message", () => {
    const state = receive(known({ sequence: 2 }), event(3, "message", { text: "text 3" }));
    expect(state.messages).toHaveLength(3);
  });

  test("edit a message, and an older edit doesn't undo a newer one", () => {
    const newer = receive(known(), event(4, "message_edited", { messageSequence: 2, text: "new", editVersion: 2, blocks: null }));
    const older = receive(newer, event(5, "message_edited", { messageSequence: 2, text: "old", editVersion: 1, blocks: null }));
    expect(find(older, 2)?.text).toBe("new");
  });

  test("delete a message; one with replies leaves its place, as for who reads the channel later", () => {
    const deleted = event(4, "message_deleted", { messageSequence: 2 });
    expect(receive(known(), deleted).messages.map(({ sequence }) => sequence)).toEqual([1, 3]);
    const withReplies = known({ messages: [message(1), message(2, { replyCount: 1 }), message(3)] });
    expect(find(receive(withReplies, deleted), 2)).toMatchObject({ text: "", deletedAt: AT });
  });

  test("add and remove reactions by member", () => {
    let state = receive(known(), event(4, "reaction_added", { messageSequence: 1, emoji: "tada" }));
    state = receive(state, event(5, "reaction_added", { messageSequence: 1, emoji: "tada", memberId: "mem_3" }));
    expect(find(state, 1)?.reactions).toEqual([{ emoji: "tada", memberIds: ["mem_2", "mem_3"] }]);
    state = receive(state, event(6, "reaction_removed", { messageSequence: 1, emoji: "tada" }));
    state = receive(state, event(7, "reaction_removed", { messageSequence: 1, emoji: "tada", memberId: "mem_3" }));
    expect(find(state, 1)?.reactions).toEqual([]);
  });

  test("count a reply at its message, once, and show it in the open thread alone", () => {
    const opened = known({ thread: { root: message(1), replies: [], hasLater: false } });
    const reply = event(4, "message", { text: "yes", threadSequence: 1 });
    const state = receive(opened, reply);
    expect(find(state, 1)).toMatchObject({ replyCount: 1, latestReplySequence: 4 });
    expect(find(state, 4)).toBeUndefined();
    expect(state.thread?.replies.map(({ text }) => text)).toEqual(["yes"]);
    expect(state.thread?.root.replyCount).toBe(1);
    const counted = known({ sequence: 3, messages: [message(1, { replyCount: 1, latestReplySequence: 4 })] });
    expect(find(receive(counted, reply), 1)?.replyCount).toBe(1);
  });

  test("show a reply in the channel too, if its author wanted that", () => {
    expect(find(receive(known(), event(4, "message", { threadSequence: 1, isBroadcast: true })), 4)).toBeDefined();
  });

  test("don't add a message while later ones aren't loaded", () => {
    const state = receive(known({ hasLater: true }), event(4, "message"));
    expect(state.messages).toHaveLength(3);
    expect(state.sequence).toBe(4);
  });
});

describe("pages of messages", () => {
  test("of a million messages, so many are kept", () => {
    let state = begin("chan_1", 1_000_000, page(999_951, 50, { hasEarlier: true }));
    for (let first = 999_901; first > 998_000; first -= 50) state = prepend(state, page(first, 50, { hasEarlier: true, hasLater: true }));
    expect(state.messages).toHaveLength(KEPT_MAX);
    expect(state.hasLater).toBe(true);
    const first = state.messages[0]?.sequence ?? 0;
    for (let next = first + KEPT_MAX; next <= 1_000_000; next += 50) state = append(state, page(next, 50, { hasEarlier: true, hasLater: next + 50 <= 1_000_000 }));
    expect(state.messages.map(({ sequence }) => sequence).at(-1)).toBe(1_000_000);
    expect([state.messages.length, state.hasEarlier, state.hasLater]).toEqual([KEPT_MAX, true, false]);
  });

  test("that overlap don't double a message", () => {
    expect(prepend(known({ messages: page(3, 3).items }), page(1, 3)).messages.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
  });
});

test("an answer of the server replaces a message, unless a newer edit is known", () => {
  expect(find(replace(known(), message(2, { text: "edited", editVersion: 1 })), 2)?.text).toBe("edited");
  const newer = known({ messages: [message(2, { text: "newer", editVersion: 2 })] });
  expect(find(replace(newer, message(2, { text: "edited", editVersion: 1 })), 2)?.text).toBe("newer");
});

test("a reader at the end has read the log as far as it is known", () => {
  expect(lastShown(known({ sequence: 9 }))).toBe(9);
  expect(lastShown(known({ sequence: 9, hasLater: true }))).toBe(3);
});
