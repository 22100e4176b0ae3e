import { expect, test } from "vitest";

import type { Answer } from "$/systems/assistant/answer";
import { answerWords } from "$/systems/assistant/states";

const ANSWER: Answer = { responseId: "resp_1", status: "in_progress", text: "", sequence: 1, queuePosition: null, continuing: null, attemptCount: 1, activeAt: 0, error: null, incompleteReason: null, outputTokens: 0 };

test.each([
  [{ status: "queued", queuePosition: 3 }, 0, "queued", "Third in the queue"],
  [{ status: "queued", queuePosition: 12 }, 0, "queued", "12th in the queue"],
  [{ status: "queued", queuePosition: null }, 0, "queued", "In the queue"],
  [{}, 0, "running", "Begun"],
  [{ text: "a" }, 3_999, "running", "Writing"],
  [{ text: "a" }, 4_200, "retrying", "No token for 4 s"],
  [{ continuing: "worker_lost" }, 9_000, "retrying", "Continuing after a restart"],
  [{ status: "cancelled", outputTokens: 7 }, 0, "canceled", "Stopped"],
  [{ status: "incomplete", incompleteReason: "max_output_tokens" }, 0, "succeeded", "Ended at the limit of tokens"],
  [{ status: "failed" }, 0, "failed", "Failed"],
] as const)("%o after %d ms", (change, now, name, word) => {
  expect(answerWords({ ...ANSWER, ...change }, now)).toMatchObject({ name, word });
});
