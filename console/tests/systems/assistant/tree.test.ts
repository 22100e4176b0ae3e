import { expect, test } from "vitest";

import type { Message } from "$/services/assistant";
import { branchOf } from "$/systems/assistant/tree";

const MESSAGES = [
  ["q1", null],
  ["a1", "q1"],
  ["a2", "q1"],
  ["q2", "a2"],
  ["q2b", "a2"],
  ["a3", "q2b"],
].map(([messageId, parentId]) => ({ messageId, parentId })) as Message[];

test("a branch is shown from its beginning, with the versions of each message", () => {
  const turns = branchOf(MESSAGES, "a3");
  expect(turns.map((turn) => turn.message.messageId)).toEqual(["q1", "a2", "q2b", "a3"]);
  expect(turns.map((turn) => turn.versions)).toEqual([["q1"], ["a1", "a2"], ["q2", "q2b"], ["a3"]]);
});

test("a conversation without messages has no branch", () => {
  expect(branchOf([], null)).toEqual([]);
});

test("messages in a circle end", () => {
  const circle = [{ messageId: "a", parentId: "b" }, { messageId: "b", parentId: "a" }] as Message[];
  expect(branchOf(circle, "a")).toHaveLength(2);
});
