import { expect, test } from "vitest";

import type { LogEvent, Response } from "$/services/assistant";
import { follow, hasEnded, newerAnswer, readAnswer, type Answer } from "$/systems/assistant/answer";

const RESPONSE = { responseId: "resp_1", status: "queued", text: "", lastSequence: 0, queuePosition: 3, attemptCount: 0, error: null, incompleteReason: null, usage: { outputTokens: 0 } } as unknown as Response;
const QUEUED = readAnswer(RESPONSE, 0);
const ENDED = { usage: { outputTokens: 20 }, error: null, incompleteDetails: null };

function numbered(events: readonly Omit<LogEvent, "sequenceNumber">[]): LogEvent[] {
  return events.map((event, index) => ({ ...event, sequenceNumber: index + 1 }) as LogEvent);
}

const delta = (text: string): Omit<LogEvent, "sequenceNumber"> => ({ type: "response.output_text.delta", delta: text });

const LOG = numbered([
  { type: "ninefold.response.queued", position: 2 },
  { type: "response.in_progress" },
  { type: "response.output_item.added" },
  ...Array.from({ length: 10 }, (_, index) => delta(`word ${index} `)),
  { type: "ninefold.response.stalled", waitingFor: "next_token", waitedS: 4.2 },
  { type: "ninefold.response.continued", reason: "worker_lost", attempt: 2 },
  ...Array.from({ length: 10 }, (_, index) => delta(`more ${index} `)),
  { type: "response.output_text.done" },
  { type: "response.completed", response: ENDED },
]);

/** Numbers from a seed, so that a failing one can be repeated. */
function dice(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

/** What the API shows after some events. */
function snapshot(count: number): Answer {
  return follow(QUEUED, LOG.slice(0, count), 0);
}

test.each(Array.from({ length: 50 }, (_, index) => index + 1))("any reconnections give the same answer, seed %d", (seed) => {
  const roll = dice(seed);
  const upTo = (max: number): number => Math.floor(roll() * (max + 1));
  let answer = QUEUED;
  for (let round = 0; !hasEnded(answer); round++) {
    expect(round).toBeLessThan(10_000);
    // After a reconnection: entries from too early, from too late, or a snapshot of any age.
    const first = upTo(LOG.length);
    if (roll() < 0.2) answer = newerAnswer(answer, snapshot(first));
    else answer = follow(answer, LOG.slice(first, first + upTo(6)), 0);
  }
  const expected = snapshot(LOG.length);
  expect(answer).toEqual(expected);
  expect(expected.text).toContain("word 9 more 0");
});

test("events after a gap are not taken", () => {
  expect(follow(QUEUED, LOG.slice(5), 0)).toEqual(QUEUED);
});

test("an older snapshot doesn't bring an ended answer back", () => {
  const ended = snapshot(LOG.length);
  expect(newerAnswer(ended, snapshot(LOG.length - 1))).toBe(ended);
});

test("an answer that is continued says why until its next token is here", () => {
  expect(snapshot(15).continuing).toBe("worker_lost");
  expect(snapshot(16).continuing).toBeNull();
});

test("the place in the queue is the latest one, and none once it has begun", () => {
  expect(snapshot(1).queuePosition).toBe(2);
  expect(snapshot(2).queuePosition).toBeNull();
});

test.each([
  ["response.incomplete", { ...ENDED, incompleteDetails: { reason: "max_output_tokens" } }, { status: "incomplete", incompleteReason: "max_output_tokens" }],
  ["response.failed", { ...ENDED, usage: null, error: { code: "engine_refused", message: "No." } }, { status: "failed", error: { code: "engine_refused", message: "No." } }],
  ["ninefold.response.cancelled", ENDED, { status: "cancelled", outputTokens: 20 }],
] as const)("%s ends it", (type, response, expected) => {
  expect(follow(QUEUED, numbered([{ type, response }]), 0)).toMatchObject(expected);
});
