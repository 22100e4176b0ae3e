import { expect, test } from "vitest";

import type { BatchDetails, ComparedCount } from "$/services/settlement";
import { proposedCorrection } from "$/systems/payments/corrections";
import { differenceText, payoutsByCloseness } from "$/systems/payments/matches";
import { batchShown, itemOff, itemShown } from "$/systems/payments/settlement_states";
import { paymentShown, shownAmount } from "$/systems/payments/states";
import { bankSum, countOf, drift, firstCurrency, notCompared } from "$/systems/payments/totals";

import { batch, payment } from "./sample";

type Line = BatchDetails["statementLines"][number];

function line(fields: Partial<Line>): Line {
  return { statementLineId: "sln_1", statementId: "stm_1", number: 1, kind: "entry", amount: -9_680, currency: "USD", bookedOn: "2026-11-24", references: [], bankReference: null, text: null, reason: null, fileLine: null, state: "matched", matchRule: "reference", payoutId: "po_1", bankFileId: null, settlementReportId: null, matchedAt: null, ...fields };
}

test("a return isn't what the bank has paid", () => {
  const back = line({ kind: "return", amount: 9_680, reason: "R03" });
  expect(bankSum(batch({ payoutAmount: 9_680, statementLines: [back] }))).toBeNull();
  expect(bankSum(batch({ payoutAmount: 9_680, statementLines: [line({}), back, line({ amount: 9_680 })] }))).toBe(9_680);
});

test("a line of the bank with another amount is off by a cent", () => {
  const sum = bankSum(batch({ payoutAmount: 9_680, statementLines: [line({ amount: -9_679, state: "suspense", payoutId: null })] }));
  expect(drift(9_680, sum)).toBe(-1);
});

test("a line that pays the whole file pays a batch's payout, not the total", () => {
  expect(bankSum(batch({ payoutAmount: 9_680, statementLines: [line({ amount: -20_000, payoutId: null, bankFileId: "bfl_1" })] }))).toBe(9_680);
});

test("a day opens with the currency that has a break", () => {
  const count = (currency: string, verdict: ComparedCount["verdict"]): ComparedCount => ({ currency, verdict, matchRule: null, itemCount: 1, ledgerAmount: 1, reportAmount: 1 });
  const totals = [{ currency: "EUR" }, { currency: "USD" }];
  expect(firstCurrency(totals, [count("EUR", "agrees"), count("USD", "amount")])).toBe("USD");
  expect(firstCurrency(totals, [count("EUR", "agrees")])).toBe("EUR");
  expect(firstCurrency([], [])).toBeUndefined();
});

test("what came after the report was read is no break, and the report isn't off by it", () => {
  const later: ComparedCount = { currency: "USD", verdict: "not_compared", matchRule: null, itemCount: 2, ledgerAmount: 700, reportAmount: 0 };
  expect(itemShown({ verdict: "not_compared", matchRule: null, reportDay: null })).toEqual({ name: "queued", word: "Not compared yet" });
  expect(itemOff({ verdict: "not_compared", difference: -700, reportAmount: null })).toBeNull();
  expect([countOf([later], "USD", "breaks"), countOf([later], "USD", "not_compared"), notCompared([later], "USD"), notCompared([later], "EUR")]).toEqual([0, 2, 700, 0]);
});

test("a batch stands as its payout when the bank has shown or returned that", () => {
  const words = (["in_transit", "paid", "failed", null] as const).map((payoutState) => batchShown(batch({ state: "delivered", payoutState })).word);
  expect(words).toEqual(["With the bank", "Paid", "Returned", "With the bank"]);
});

test("the payout that is closest to the line of a break comes first", () => {
  const found = { foundAmount: -9_679, currency: "USD", payoutId: null } as const;
  const payouts = [
    { payoutId: "po_1", currency: "USD", amount: 5 },
    { payoutId: "po_2", currency: "USD", amount: 9_680 },
    { payoutId: "po_3", currency: "EUR", amount: 9_679 },
  ];
  expect(payoutsByCloseness(payouts, found).map((each) => each.payoutId)).toEqual(["po_2", "po_1"]);
  expect(payoutsByCloseness(payouts, { ...found, payoutId: "po_1" }).map((each) => each.payoutId)).toEqual(["po_1", "po_2"]);
  expect([differenceText(-1, "USD"), differenceText(1_500, "JPY"), differenceText(0, "USD")]).toEqual(["The bank paid $0.01 less than the payout.", "The bank paid ¥1,500 more than the payout.", "The amounts agree."]);
});

test("a line that the report has twice is off by all of it", () => {
  expect(itemOff({ verdict: "duplicate", difference: 0, reportAmount: 900_007 })).toBe(900_007);
  expect(itemOff({ verdict: "amount", difference: 1, reportAmount: 900_006 })).toBe(1);
  expect(itemOff({ verdict: "elsewhere", difference: -5, reportAmount: null })).toBeNull();
});

test.each([
  ["paid out", { statementLineId: "sln_1", foundAmount: -400, difference: -400 }, { debit: "bank_fees", credit: "suspense", amount: 400 }],
  ["paid in", { statementLineId: "sln_1", foundAmount: 500, difference: 500 }, { debit: "suspense", credit: "processor_receivable", amount: 500 }],
  ["a cent less than the payout", { statementLineId: "sln_1", foundAmount: -9_679, difference: 1 }, { debit: "bank_fees", credit: "suspense", amount: 9_679 }],
  ["a cent more in the report", { statementLineId: null, foundAmount: 9_681, difference: 1 }, { debit: "processor_receivable", credit: "fees", amount: 1 }],
  ["missing in the report", { statementLineId: null, foundAmount: null, difference: -9_680 }, { debit: "fees", credit: "processor_receivable", amount: 9_680 }],
] as const)("the correction of what was %s goes the right way", (_, found, expected) => {
  expect(proposedCorrection(found)).toEqual(expected);
});

test("a payment is shown with what was captured, and says what was refunded", () => {
  expect(shownAmount(payment({ amount: 10_000, amountReceived: 6_000 }))).toBe(6_000);
  expect(shownAmount(payment({ state: "requires_capture", amount: 10_000, amountReceived: 0 }))).toBe(10_000);
  expect(paymentShown(payment({ amountRefunded: 24_850 })).word).toBe("Refunded");
  expect(paymentShown(payment({ amountRefunded: 100 })).word).toBe("Partly refunded");
  expect(paymentShown(payment()).word).toBe("Captured");
});
