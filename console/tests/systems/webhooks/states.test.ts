import { expect, test } from "vitest";

import { hrefOfId } from "$/lib/ids";
import type { Delivery } from "$/services/webhooks";
import { webhooks } from "$/systems/webhooks/system";
import { answerText, classText, inOrderOfNext, isTest, stateOf, waitingText } from "$/systems/webhooks/states";

test.each([
  ["delivered", false, 1, "succeeded"],
  ["retrying", false, 1, "retrying"],
  ["retrying", true, 1, "running"],
  ["retrying", false, 0, "queued"],
  ["waiting", false, 1, "waiting"],
  ["failed", false, 6, "failed"],
] as const)("a delivery that is %s (running: %s, attempts: %d) is %s", (status, isRunning, attemptCount, expected) => {
  expect(stateOf({ status, isRunning, attemptCount }).name).toBe(expected);
});

const attempt = { attemptNumber: 1, url: null, attemptedAt: "", durationMs: 1, timings: null, responseBody: null, isResponseBodyTruncated: false, errorDetail: null };

test.each([
  [503, "unsuccessful_status", "503 Service Unavailable"],
  [204, null, "204 No Content"],
  [null, "connect_failed", "connect failed"],
  [200, "protocol_error", "protocol error"],
])("the answer %s with %s is shown as %s", (responseCode, errorClass, expected) => {
  expect(answerText({ attempts: [{ ...attempt, responseCode, errorClass }] })).toBe(expected);
});

test("a delivery says which event it waits for", () => {
  expect(waitingText({ waitingReason: "ordering" } as Delivery)).toBe("earlier event of its key");
});

test("error classes are words", () => {
  expect(classText("tls_certificate_expired")).toBe("TLS certificate expired");
});

test.each([
  ["sub_01m8305b05ebfsfbwdfww0q6bf", "/webhooks/subscriptions/sub_01m8305b05ebfsfbwdfww0q6bf"],
  ["evt_01m8305b1zendr2ve9cezfwzy6", "/webhooks/events?event=evt_01m8305b1zendr2ve9cezfwzy6"],
  ["evt_1", undefined],
])("the id %s leads to %s", (id, expected) => {
  expect(hrefOfId(webhooks.idLinks, id)).toBe(expected);
});

test("of what is under way, what is attempted comes first, then what is next, then what waits", () => {
  const delivery = (deliveryId: string, status: string, nextAttemptAt: string | null, isRunning = false): Delivery =>
    ({ deliveryId, status, nextAttemptAt, isRunning, waitingUntil: null, createdAt: "2026-01-31T12:00:00Z" }) as Delivery;
  const ordered = inOrderOfNext([
    delivery("waits", "waiting", null),
    delivery("later", "retrying", "2026-01-31T12:09:00Z"),
    delivery("new", "queued", null),
    delivery("soon", "retrying", "2026-01-31T12:01:00Z"),
    delivery("now", "retrying", "2026-01-31T12:08:00Z", true),
  ]);
  expect(ordered.map((each) => each.deliveryId)).toEqual(["now", "soon", "later", "new", "waits"]);
});

test("only Ninefold's own type is a test", () => {
  expect([isTest({ eventType: "ninefold.test" }), isTest({ eventType: "order.test" })]).toEqual([true, false]);
});
