import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { connection } from "$/services/connection.svelte";
import { setCsrfToken } from "$/services/http";
import { Outbox } from "$/systems/messaging/sending/outbox.svelte";
import { again, headsOf, inOrder, make, parse, refused, sent, unanswered, type Draft } from "$/systems/messaging/sending/outgoing";

const DRAFT: Draft = { channelId: "chan_1", threadSequence: null, isBroadcast: false, text: "hello", files: [] };
const ends: (() => void)[] = [];
let answers: (() => Response | Promise<Response>)[] = [];
let posted: { text: string; client_msg_id: string }[] = [];

beforeEach(() => {
  localStorage.clear();
  [answers, posted] = [[], []];
  setCsrfToken("token");
  connection.answered(1);
  vi.stubGlobal("fetch", async (address: string, init: { body?: string }) => {
    if (address === "/readyz") throw new TypeError("no network");
    posted.push(JSON.parse(init.body ?? "{}") as (typeof posted)[number]);
    return (answers.shift() ?? accepted)();
  });
});
afterEach(() => {
  ends.splice(0).forEach((end) => end());
  vi.unstubAllGlobals();
  connection.answered(1);
});

let sequence = 10;
function accepted(): Response {
  return new Response(JSON.stringify({ sequence: ++sequence }), { status: 201 });
}
function refusal(status: number, detail: string): () => Response {
  return () => new Response(JSON.stringify({ type: "", title: "", status, detail, code: "some", is_retryable: status >= 500, request_id: "" }), { status });
}
function lost(): Response {
  throw new TypeError("no network");
}
function begun(): Outbox {
  const outbox = new Outbox("owner");
  ends.push(outbox.start());
  return outbox;
}
function phases(outbox: Outbox): string[] {
  return outbox.of("chan_1", null).map(({ phase }) => phase);
}

test("messages are sent one after the other, in the order in which they were made", async () => {
  const outbox = begun();
  for (const text of ["one", "two", "three"]) outbox.add({ ...DRAFT, text });
  await vi.waitFor(() => expect(phases(outbox)).toEqual(["sent", "sent", "sent"]));
  expect(posted.map(({ text }) => text)).toEqual(["one", "two", "three"]);
});

test("without an answer, the same id is sent again when the connection is back, and the next message waits for it", async () => {
  const outbox = begun();
  answers = [lost];
  outbox.add({ ...DRAFT, text: "one" });
  outbox.add({ ...DRAFT, text: "two" });
  await vi.waitFor(() => expect(outbox.of("chan_1", null)[0]).toMatchObject({ phase: "waiting", attempts: 1 }));
  expect(posted).toHaveLength(1);
  connection.answered(1);
  await vi.waitFor(() => expect(phases(outbox)).toEqual(["sent", "sent"]));
  expect(posted.map(({ text }) => text)).toEqual(["one", "one", "two"]);
  expect(posted[1]?.client_msg_id).toBe(posted[0]?.client_msg_id);
});

test("a refused message says why, and doesn't hold up the next one", async () => {
  const outbox = begun();
  answers = [refusal(403, "You aren't in the channel.")];
  outbox.add({ ...DRAFT, text: "one" });
  outbox.add({ ...DRAFT, text: "two" });
  await vi.waitFor(() => expect(phases(outbox)).toEqual(["failed", "sent"]));
  expect(outbox.of("chan_1", null)[0]?.reason).toBe("You aren't in the channel.");
  outbox.retry(posted[0]?.client_msg_id ?? "");
  await vi.waitFor(() => expect(phases(outbox)).toEqual(["sent", "sent"]));
});

test("messages outlive the page, with their ids", async () => {
  answers = [lost];
  const before = begun();
  const { clientMsgId } = before.add(DRAFT);
  await vi.waitFor(() => expect(before.of("chan_1", null)[0]?.attempts).toBe(1));
  ends.splice(0).forEach((end) => end());
  connection.answered(1);
  const after = begun();
  await vi.waitFor(() => expect(phases(after)).toEqual(["sent"]));
  expect(posted.map(({ client_msg_id: id }) => id)).toEqual([clientMsgId, clientMsgId]);
});

test("a message that was discarded isn't sent", () => {
  connection.lost();
  const outbox = begun();
  outbox.remove(outbox.add(DRAFT).clientMsgId);
  expect(outbox.of("chan_1", null)).toEqual([]);
  expect(localStorage).toHaveLength(0);
});

test("another member on the same machine has another outbox", () => {
  connection.lost();
  begun().add(DRAFT);
  expect(new Outbox("somebody else").of("chan_1", null)).toEqual([]);
});

test("of each channel, the first waiting message is due", () => {
  const all = [make(DRAFT, "b", 2), make(DRAFT, "a", 1), make({ ...DRAFT, channelId: "chan_2" }, "c", 3)];
  expect(inOrder(all).map(({ clientMsgId }) => clientMsgId)).toEqual(["a", "b", "c"]);
  expect(headsOf(all).map(({ clientMsgId }) => clientMsgId)).toEqual(["a", "c"]);
  expect(headsOf([refused(make(DRAFT, "a", 1), "no"), make(DRAFT, "b", 2)]).map(({ clientMsgId }) => clientMsgId)).toEqual(["b"]);
});

test("the wait doubles up to a minute", () => {
  let outgoing = make(DRAFT, "a", 0);
  const waits = Array.from({ length: 9 }, () => (outgoing = unanswered(outgoing, "why", 0)).nextTryAt / 1_000);
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  expect(again(outgoing, 7)).toMatchObject({ attempts: 0, nextTryAt: 0, reason: "", madeAt: 7 });
});

test("what is kept is read again, and nothing else", () => {
  const outgoing = sent(make(DRAFT, "a", 1), 4);
  expect(parse(JSON.stringify(outgoing))).toEqual(outgoing);
  expect([parse(null), parse("{"), parse("{}")]).toEqual([undefined, undefined, undefined]);
});
