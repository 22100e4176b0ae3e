import { expect, test } from "vitest";

import { journalRows, postedSum } from "$/systems/payments/journal";
import { withBalances } from "$/systems/payments/entries";

import { account, accountEntry, attempt, entry, event, payment } from "./sample";

const CAPTURED_AT = "2026-11-19T15:12:47Z";

test("what an event has posted stands in its row, and what follows from it below", () => {
  const fee = entry({ transferId: "txf_2", sequence: 2, debitKind: "merchant_held", creditKind: "fees", amount: 373 });
  const release = entry({ transferId: "txf_3", sequence: 3, debitKind: "merchant_held", creditKind: "merchant_available", amount: 24_477, causeType: "release", at: "2026-11-23T05:00:00Z" });
  const rows = journalRows(payment(), [release, fee, entry()]);
  expect(rows.map((row) => [row.what, row.entry?.amount])).toEqual([
    ["Intent created, automatic capture", undefined],
    ["Captured", 24_850],
    ["Fee", 373],
    ["Released from the hold", 24_477],
  ]);
});

test("a call without an answer is a row in doubt, which says what was asked and that nothing is guessed", () => {
  const timeline = [event(1, "created", "2026-11-19T15:12:04Z"), event(2, "in_doubt", "2026-11-19T15:12:09Z", { operation: "capture", reason: "connection closed after 4.0 s" })];
  const row = journalRows(payment({ state: "in_doubt", timeline }), []).at(-1);
  expect([row?.isDoubt, row?.what, row?.because]).toEqual([
    true,
    "Capture: sent, no answer came",
    "connection closed after 4.0 s. Not guessed: asked by our reference.",
  ]);
});

test("the row of an answer has the processor's reference", () => {
  const answered = attempt({ operation: "capture", finishedAt: CAPTURED_AT, processorReference: "cap_9" });
  expect(journalRows(payment({ attempts: [answered] }), []).at(-1)?.code).toBe("cap_9");
});

test("what is reserved, voided or expired isn't posted", () => {
  const kinds = (["pending", "posts", "voids", "expires", "posted"] as const).map((kind) => entry({ kind, amount: 100 }));
  expect(postedSum(kinds)).toBe(200);
});

test("the balance after each entry goes back from the balance of now", () => {
  const entries = [
    accountEntry({ sequence: 3, side: "debit", amount: 373 }),
    accountEntry({ sequence: 2, side: "credit", kind: "pending", amount: 500 }),
    accountEntry({ sequence: 1, side: "credit", amount: 24_850 }),
  ];
  expect(withBalances(account(), entries).map((each) => each.balance)).toEqual([24_477, null, 24_850]);
});

test("debits add to an account that stands on the debit side", () => {
  const entries = [accountEntry({ sequence: 2, side: "credit", amount: 40 }), accountEntry({ sequence: 1, side: "debit", amount: 100 })];
  expect(withBalances(account({ kind: "bank", balance: 60 }), entries).map((each) => each.balance)).toEqual([60, 100]);
});
