import { expect, test } from "vitest";

import { summaryOf } from "$/systems/messaging/channel/announcer.svelte";
import { Typing, typingText } from "$/systems/messaging/channel/typing.svelte";
import { bytesText, newText } from "$/systems/messaging/channel/words";
import { complete, completionAt, unknownCommandOf, wrap } from "$/systems/messaging/composer/completion";
import { markedRuns } from "$/systems/messaging/found";
import { initialsOf } from "$/systems/messaging/people/directory.svelte";
import { countMessage, countRead } from "$/systems/messaging/unread";

test.each([
  ["@", { kind: "member", wanted: "", from: 0 }],
  ["hello @In", { kind: "member", wanted: "in", from: 6 }],
  ["see #gen", { kind: "channel", wanted: "gen", from: 4 }],
  ["nice :ta", { kind: "emoji", wanted: "ta", from: 5 }],
  ["/dep", { kind: "command", wanted: "dep", from: 0 }],
  ["nice :t", undefined],
  ["mail ines@exa", undefined],
  ["at 10:30", undefined],
  ["```\n@in", undefined],
])("in %j, what is being typed is %j", (text, expected) => {
  expect(completionAt(text, text.length)).toEqual(expected);
});

test("what is chosen takes the place of what was typed", () => {
  expect(complete("hi @in there", 6, { kind: "member", wanted: "in", from: 3 }, "@ines")).toEqual({ text: "hi @ines there", caret: 9 });
});

test("marks stand around what is selected", () => {
  expect(wrap("a word", 2, 6, "*")).toEqual({ text: "a *word*", start: 3, end: 7 });
});

test("many messages are summarised for screen readers", () => {
  expect(summaryOf([])).toBe("");
  expect(summaryOf([{ name: "Mara", text: "On my way" }])).toBe("Mara: On my way");
  expect(summaryOf([{ name: "Ines", text: "a" }, { name: "Mara", text: "b" }])).toBe("2 new messages, the last one from Mara");
});

test("who types is forgotten after a while, and when the message is there", () => {
  const typing = new Typing();
  typing.take("mara", 10_000);
  typing.take("jonas", 12_000);
  expect([typing.at(14_000), typing.at(16_000), typing.at(18_000)]).toEqual([["mara", "jonas"], ["jonas"], []]);
  typing.forget("jonas", 12_500);
  typing.take("jonas", 12_700);
  expect(typing.at(13_000)).toEqual(["mara"]);
  expect(["Mara", "Jonas", "Priya"].map((_, index, all) => typingText(all.slice(0, index + 1)))).toEqual(["Mara is typing", "Mara and Jonas are typing", "3 people are typing"]);
});

test("messages are counted as they come, and not twice", () => {
  const counts = new Map([["chan_1", { channelId: "chan_1", lastSequence: 4, readSequence: 4, unread: 0, mentions: 0, isMuted: false }]]);
  const event = { type: "message", sequence: 5, memberId: "mara", threadSequence: null, isBroadcast: false, mentionedIds: ["own"] };
  const counted = countMessage(counts, "chan_1", event, "own");
  expect(counted?.get("chan_1")).toMatchObject({ lastSequence: 5, unread: 1, mentions: 1 });
  expect(countMessage(counted ?? counts, "chan_1", event, "own")).toBeUndefined();
  expect(countMessage(counts, "chan_1", { ...event, memberId: "own", mentionedIds: [] }, "own")?.get("chan_1")).toMatchObject({ unread: 0, mentions: 0 });
  expect(countMessage(counts, "chan_1", { ...event, threadSequence: 1 }, "own")?.get("chan_1")).toMatchObject({ unread: 0, mentions: 1 });
  expect(countRead(counted ?? counts, "chan_1", 5).get("chan_1")).toMatchObject({ readSequence: 5, unread: 0, mentions: 0 });
  expect(countRead(counts, "chan_1", 3)).toBe(counts);
});

test("a message that was found has its words marked", () => {
  expect(markedRuns("🎉 *Version* 12 is out", [[3, 10]], () => undefined)).toEqual([
    { text: "🎉 ", isMarked: false },
    { text: "Version", isMarked: true },
    { text: " 12 is out", isMarked: false },
  ]);
});

test("sizes and initials are short", () => {
  expect([17, 1_200, 48_000, 1_200_000_000].map(bytesText)).toEqual(["17 bytes", "1.2 KB", "48 KB", "1.2 GB"]);
  expect(["Ines Carvalho", "deploy", "jonas.weiss"].map(initialsOf)).toEqual(["IC", "DE", "JW"]);
});

test.each([
  ["/nope", "/nope"],
  ["/nope hello", "/nope"],
  ["/deploy now", ""],
  [" /nope", ""],
  ["/usr/bin is a folder", ""],
  ["/", ""],
])("%j begins with the unknown command %j", (text, expected) => {
  expect(unknownCommandOf(text, ["/deploy"])).toBe(expected);
});

test("a count of new messages says where the server stops to count", () => {
  expect([1, 999, 1_000].map(newText)).toEqual(["1 new message", "999 new messages", "1,000 or more new messages"]);
});
