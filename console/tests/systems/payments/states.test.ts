import { render, screen } from "@testing-library/svelte";
import { expect, test } from "vitest";

import { hrefOfId } from "$/lib/ids";
import type { Delivery } from "$/services/webhooks";
import { feeText, parseAmountOrZero, parsePercent, percentText } from "$/systems/payments/agreements";
import { adviceOf, outcomeText } from "$/systems/payments/doubts";
import Journal from "$/systems/payments/Journal.svelte";
import { noticesOf } from "$/systems/payments/notices";
import { isPaymentState, paymentShown, PAYMENT_STATES } from "$/systems/payments/states";
import { payments } from "$/systems/payments/system";
import Told from "$/systems/payments/Told.svelte";

import { attempt, entry, payment } from "./sample";

test("a payment that was declined is shown as failed, one without a card isn't", () => {
  expect(paymentShown(payment({ state: "requires_payment_method", errorCode: "card_declined" }))).toEqual({ name: "failed", word: "Declined" });
  expect(paymentShown(payment({ state: "requires_payment_method", errorCode: null })).name).toBe("waiting");
  expect(paymentShown(payment({ state: "in_doubt", errorCode: null })).name).toBe("in-doubt");
});

test("an address with an unknown state has no filter", () => {
  expect(PAYMENT_STATES.map(isPaymentState)).toEqual(PAYMENT_STATES);
  expect(isPaymentState("settled")).toBeUndefined();
});

test.each([
  [140, "1.4 %"],
  [25, "0.25 %"],
  [200, "2 %"],
  [0, "0 %"],
  [1_001, "10.01 %"],
])("%d hundredths of a percent are %s", (bps, text) => {
  expect(percentText(bps)).toBe(text);
  expect(parsePercent(text)).toBe(bps);
});

test("a percentage has at most two decimals and is at most 100", () => {
  expect(["1.005", "101", "", "-1"].map(parsePercent)).toEqual([null, null, null, null]);
});

test("a fee is a share and an amount, and an amount of a form may be zero", () => {
  expect(feeText({ feeBps: 140, feeFixed: 25, defaultCurrency: "USD" })).toBe("1.4 % and $0.25");
  expect([parseAmountOrZero("0.00", "USD"), parseAmountOrZero("0.25", "USD"), parseAmountOrZero("", "USD")]).toEqual([0, 25, null]);
});

test("a doubt that needs a person says so, and the outcomes name the operation", () => {
  expect(adviceOf(attempt({ state: "needs_person" })).text).toContain("close the doubt");
  expect(adviceOf(attempt({ state: "in_doubt" })).text).toContain("Nothing is guessed");
  expect(outcomeText("succeeded", "refund")).toBe("The refund was made");
});

test("the journal shows the accounts of each entry, and sums that agree", () => {
  render(Journal, { payment: payment(), entries: [entry()], timeZone: "America/New_York" });
  expect(screen.getByRole("link", { name: "processor receivable" }).getAttribute("href")).toBe("/payments/accounts/acct_1");
  expect(screen.getByText("19 Nov, 10:12:47")).toBeTruthy();
  expect(screen.getAllByText("248.50")).toHaveLength(3);
});

test.each([
  ["pi_01m8cw9b4tfjzr8gfkvfvfjcpy", "/payments/intents/pi_01m8cw9b4tfjzr8gfkvfvfjcpy"],
  ["acct_01m8cx8fmke5f9555yb0m9rp76", "/payments/accounts/acct_01m8cx8fmke5f9555yb0m9rp76"],
  ["pm_01m8305b05ebfsfbwdfww0q6bf", undefined],
])("the id %s leads to %s", (id, expected) => {
  expect(hrefOfId(payments.idLinks, id)).toBe(expected);
});

test("who was told stands with the state of the delivery, and what nobody wants says so", () => {
  const events = [
    { eventId: "evt_1", type: "charge.succeeded", createdAt: "2026-11-19T15:12:47Z", endpoints: [] },
    { eventId: "evt_2", type: "payment_intent.succeeded", createdAt: "2026-11-19T15:12:47Z", endpoints: [{ webhookEndpointId: "we_1", url: "https://shop.example.com/hooks", webhookEventId: "evt_3" }] },
  ];
  const attempts = [{ attemptNumber: 2, attemptedAt: "2026-11-19T15:12:50Z", durationMs: 131, responseCode: 200, errorClass: null }];
  const delivery = { deliveryId: "dlv_1", status: "delivered", isRunning: false, attemptCount: 2, attempts } as unknown as Delivery;
  render(Told, { notices: noticesOf(events, new Map([["evt_3", delivery]])), timeZone: "America/New_York" });
  expect(screen.getByRole("row", { name: /Nobody charge\.succeeded no endpoint wants it/ })).toBeTruthy();
  expect(screen.getByRole("row", { name: /Delivered payment_intent\.succeeded shop\.example\.com 19 Nov, 10:12:50 200 OK, attempt 2 131 ms/ })).toBeTruthy();
  expect(screen.getByRole("link", { name: "payment_intent.succeeded" }).getAttribute("href")).toBe("/webhooks/deliveries/dlv_1");
});
