import { expect, test } from "vitest";

import { stationsOf } from "$/systems/payments/path";

import { attempt, batch, charge, payment } from "./sample";

const ZONE = "America/New_York";
function states(...given: Parameters<typeof stationsOf>): string[] {
  return stationsOf(...given).map((each) => `${each.word}: ${each.state}`);
}

test("a captured payment is held until a day of the merchant, and the rest is to come", () => {
  const held = stationsOf(payment(), undefined, ZONE)[3];
  expect([held?.word, held?.state, held?.when, held?.what]).toEqual(["Held", "waiting", "until 23 Nov", "$244.77"]);
  expect(states(payment(), undefined, ZONE).slice(4)).toEqual(["Available: queued", "In the batch: queued", "In the bank file: queued", "On the statement: queued"]);
});

test("a batch and its file lead there, and the statement is to come until the bank says so", () => {
  const released = payment({ charges: [charge({ releasedAt: "2026-11-23T05:00:00Z" })] });
  const [inBatch, file, statement] = stationsOf(released, batch(), ZONE).slice(5);
  expect([inBatch?.href, inBatch?.when, inBatch?.what]).toEqual(["/payments/batches/bat_1", "23 Nov, 17:00:00", "of $61,883.37"]);
  expect([file?.state, statement?.state]).toEqual(["succeeded", "queued"]);
});

test("an authorisation without an answer is in doubt, and the way to what follows is hatched afterwards", () => {
  const doubt = attempt({ state: "in_doubt", finishedAt: null, inDoubtSince: "2026-11-19T15:12:09Z" });
  const unknown = payment({ state: "in_doubt", attempts: [doubt], charges: [charge({ state: "pending", capturedAt: null, availableAt: null, amountCaptured: 0 })] });
  expect(states(unknown, undefined, ZONE)[1]).toBe("In doubt: in-doubt");
  const known = payment({ attempts: [attempt(), attempt({ operation: "capture", inDoubtSince: "2026-11-19T15:12:09Z" })] });
  expect(stationsOf(known, undefined, ZONE).map((each) => each.isAfterDoubt)).toEqual([false, false, true, false, false, false, false, false]);
});

test("a declined payment says why, and a canceled one ends there", () => {
  const declined = attempt({ state: "declined", errorMessage: "Your card was declined." });
  const refused = payment({ state: "requires_payment_method", attempts: [declined], charges: [charge({ state: "failed", capturedAt: null, amountCaptured: 0, availableAt: null })] });
  expect(stationsOf(refused, undefined, ZONE)[1]).toMatchObject({ word: "Declined", state: "failed", what: "Your card was declined." });
  expect(states(payment({ state: "canceled", charges: [charge({ capturedAt: null, availableAt: null, amountCaptured: 0 })] }), undefined, ZONE)).toEqual(["Intended: succeeded", "Authorised: succeeded", "Canceled: canceled"]);
});
