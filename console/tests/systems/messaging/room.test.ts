import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { connection } from "$/services/connection.svelte";
import { feed } from "$/services/feed";
import { NoAnswerError } from "$/services/http";
import { Room } from "$/systems/messaging/channel/room.svelte";

const AT = "2026-11-27T12:00:00.000Z";
let log: Record<string, unknown>[] = [];
let isCut = false;
/** What comes over the feed between a question for the log, or for replies, and its answer. */
let meanwhile: (() => void) | undefined;
let take: (entry: unknown) => void = () => undefined;

function entry(sequence: number): Record<string, unknown> {
  return { sequence, type: "message", at: AT, member_id: "mem_1", message_sequence: null, data: { ts: `${sequence}.000000`, text: `text ${sequence}`, thread_sequence: null, client_msg_id: null } };
}
function message(sequence: number): Record<string, unknown> {
  return { channel_id: "chan_1", sequence, ts: `${sequence}.000000`, at: AT, member_id: "mem_1", text: `text ${sequence}`, thread_sequence: null, reply_count: 0, latest_reply_sequence: null, edit_version: 0, reactions: [], files: [] };
}
function live({ data, ...fields }: Record<string, unknown>): Record<string, unknown> {
  return { ...fields, ...(data as Record<string, unknown>) };
}
function answer(address: string): unknown {
  const { pathname, searchParams } = new URL(address, "http://localhost");
  if (pathname.endsWith("/events")) return { items: log.filter(({ sequence }) => Number(sequence) > Number(searchParams.get("after"))), last_sequence: log.length };
  if (pathname.endsWith("/replies")) return { items: [], has_later: false };
  if (pathname.endsWith("/messages/1")) return message(1);
  if (pathname.endsWith("/messages")) return { items: [], has_earlier: false, has_later: false };
  return { channel_id: "chan_1", name: "plans", kind: "public", last_sequence: log.length };
}

beforeEach(() => {
  [log, isCut, meanwhile] = [[entry(1), entry(2)], false, undefined];
  connection.answered(1);
  vi.spyOn(feed, "watch").mockImplementation((_, onentry) => {
    take = onentry as typeof take;
    return () => undefined;
  });
  vi.stubGlobal("fetch", async (address: string) => {
    if (isCut || address === "/readyz") throw new TypeError("no network");
    const body = JSON.stringify(answer(address));
    if (/\/(events|replies)/.test(address)) meanwhile?.();
    return new Response(body, { status: 200 });
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  connection.answered(1);
});

test("an answer that is older than what came over the feed isn't taken for a restored database", async () => {
  const room = new Room("chan_1");
  const end = room.follow();
  await room.open();
  meanwhile = () => {
    log.push(entry(3));
    take(live(entry(3)));
    meanwhile = undefined;
  };
  await room.catchUp();
  expect([room.known?.sequence, room.wasReadAgain]).toEqual([3, false]);
  end();
});

test("a reply that comes over the feed while its thread is read is in the thread", async () => {
  const room = new Room("chan_1");
  const end = room.follow();
  await room.open();
  meanwhile = () => {
    const reply = { ...entry(3), data: { ...(entry(3)["data"] as object), thread_sequence: 1 } };
    log.push(reply);
    take(live(reply));
    meanwhile = undefined;
  };
  await room.openThread(1);
  expect(room.known?.thread?.replies.map(({ sequence }) => sequence)).toEqual([3]);
  expect(room.known?.thread?.root.replyCount).toBe(1);
  end();
});

test("a log that is shorter than what is known is read again", async () => {
  const room = new Room("chan_1");
  await room.open();
  log.pop();
  await room.catchUp();
  expect([room.known?.sequence, room.wasReadAgain]).toEqual([1, true]);
});

test("a channel that couldn't be opened is opened when the connection is back", async () => {
  const room = new Room("chan_1");
  const end = room.follow();
  isCut = true;
  await room.open();
  expect(room.error).toBeInstanceOf(NoAnswerError);
  connection.lost();
  isCut = false;
  connection.answered(1);
  await vi.waitFor(() => expect(room.known?.sequence).toBe(2));
  expect(room.error).toBeNull();
  end();
});
