// The states of payments, attempts and batches, in the words that all systems share.

import type { StateName } from "$/components/states";
import type { AttemptState, Payment, PaymentState } from "$/services/payments";

export interface Shown {
  readonly name: StateName;
  readonly word: string;
}

const PAYMENT: Readonly<Record<PaymentState, Shown>> = {
  requires_payment_method: { name: "waiting", word: "Needs a card" },
  requires_confirmation: { name: "waiting", word: "Not confirmed" },
  requires_action: { name: "waiting", word: "Customer authenticates" },
  processing: { name: "running", word: "Processing" },
  in_doubt: { name: "in-doubt", word: "In doubt" },
  requires_capture: { name: "waiting", word: "Authorised" },
  succeeded: { name: "succeeded", word: "Captured" },
  canceled: { name: "canceled", word: "Canceled" },
};

const ATTEMPT: Readonly<Record<AttemptState, Shown>> = {
  intended: { name: "running", word: "Asked" },
  waiting_for_customer: { name: "waiting", word: "Customer authenticates" },
  succeeded: { name: "succeeded", word: "Succeeded" },
  declined: { name: "failed", word: "Declined" },
  not_sent: { name: "failed", word: "Not sent" },
  in_doubt: { name: "in-doubt", word: "In doubt" },
  needs_person: { name: "failed", word: "Needs a person" },
};

export const PAYMENT_STATES = Object.keys(PAYMENT) as readonly PaymentState[];

export function isPaymentState(text: string | null): PaymentState | undefined {
  return PAYMENT_STATES.find((state) => state === text);
}

/** A state of the filter. */
export function stateShown(state: PaymentState): Shown {
  return PAYMENT[state];
}

/** How a payment stands: one that was declined needs another card; one that was refunded says so. */
export function paymentShown(payment: Pick<Payment, "state" | "errorCode" | "amountReceived" | "amountRefunded">): Shown {
  if (payment.state === "requires_payment_method" && payment.errorCode) return { name: "failed", word: "Declined" };
  if (payment.state === "succeeded" && payment.amountRefunded > 0) return { name: "succeeded", word: payment.amountRefunded < payment.amountReceived ? "Partly refunded" : "Refunded" };
  return PAYMENT[payment.state];
}

/** What a payment comes to: what was captured, else what it asks for. */
export function shownAmount(payment: Pick<Payment, "state" | "amount" | "amountReceived">): number {
  return payment.state === "succeeded" ? payment.amountReceived : payment.amount;
}

export function attemptShown(state: AttemptState): Shown {
  return ATTEMPT[state];
}

/** Such as `merchant available`, of `merchant_available`. */
export function words(name: string): string {
  return name.replaceAll("_", " ");
}

/** Such as `Not sent`, of `not_sent`. */
export function sentenceWord(name: string): string {
  return name.charAt(0).toUpperCase() + words(name).slice(1);
}
