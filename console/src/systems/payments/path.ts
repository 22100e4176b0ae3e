// The way of a payment from the order to the bank, as stations.

import type { StateName } from "$/components/states";
import type { Charge, PaymentDetails } from "$/services/payments";
import type { Batch, BatchDetails } from "$/services/settlement";

import { zoneDayText, zoneTimeText } from "./days";
import { moneyText } from "./money";

export interface Station {
  readonly word: string;
  readonly state: StateName;
  readonly when: string;
  readonly what: string;
  readonly href?: string | undefined;
  /** Whether nobody knew, on the way here, what the processor had done. */
  readonly isAfterDoubt: boolean;
}

const COMING = { state: "queued", when: "", what: "", isAfterDoubt: false } as const;

/** The charge that says how the payment stands: the newest one that isn't declined, else the newest. */
export function mainCharge(payment: PaymentDetails): Charge | undefined {
  return payment.charges.findLast((each) => each.state !== "failed") ?? payment.charges.at(-1);
}

/** The batch in which the captured funds are: the first one after they became available. */
export function batchOf<T extends Pick<Batch, "computedAt">>(charge: Charge | undefined, batches: readonly T[]): T | undefined {
  const { releasedAt } = charge ?? {};
  return releasedAt ? batches.find((each) => Date.parse(each.computedAt) >= Date.parse(releasedAt)) : undefined;
}

/** What of a captured charge goes to the merchant. */
export function netOf(charge: Charge): number {
  return charge.amountCaptured - charge.fee - charge.reserve;
}

/** The stations, with those that are still to come. A payment that ends early has fewer. */
export function stationsOf(payment: PaymentDetails, batch: BatchDetails | undefined, timeZone: string): Station[] {
  const first: Station = { word: "Intended", state: "succeeded", when: zoneTimeText(payment.createdAt, timeZone), what: moneyText(payment.amount, payment.currency), isAfterDoubt: false };
  const charge = mainCharge(payment);
  const stations = [first, authorised(payment, charge, timeZone)];
  if (payment.state === "canceled") return [...stations.filter((each) => each.state === "succeeded"), canceled(payment, timeZone)];
  return [...stations, captured(payment, charge, timeZone), ...settled(payment, charge, batch, timeZone)];
}

function wasInDoubt(payment: PaymentDetails, operation: string): boolean {
  return payment.attempts.some((each) => each.operation === operation && each.inDoubtSince !== null);
}

function authorised(payment: PaymentDetails, charge: Charge | undefined, timeZone: string): Station {
  const attempt = payment.attempts.findLast((each) => each.operation === "authorise");
  const isAfterDoubt = wasInDoubt(payment, "authorise");
  if (!charge || !attempt) return { ...COMING, word: "Authorised" };
  const when = zoneTimeText(attempt.finishedAt ?? attempt.createdAt, timeZone);
  const what = moneyText(charge.amount, payment.currency);
  if (attempt.state === "succeeded") return { word: "Authorised", state: "succeeded", when, what, isAfterDoubt };
  if (attempt.state === "declined" || attempt.state === "not_sent") return { word: attempt.state === "declined" ? "Declined" : "Not sent", state: "failed", when, what: attempt.errorMessage ?? "", isAfterDoubt };
  if (attempt.state === "waiting_for_customer") return { word: "Customer authenticates", state: "waiting", when, what, isAfterDoubt };
  const isDoubt = attempt.state === "in_doubt" || attempt.state === "needs_person";
  return { word: isDoubt ? "In doubt" : "Asked", state: isDoubt ? "in-doubt" : "running", when, what, isAfterDoubt };
}

function captured(payment: PaymentDetails, charge: Charge | undefined, timeZone: string): Station {
  const isAfterDoubt = wasInDoubt(payment, "capture");
  if (charge?.capturedAt) return { word: "Captured", state: "succeeded", when: zoneTimeText(charge.capturedAt, timeZone), what: moneyText(charge.amountCaptured, payment.currency), isAfterDoubt };
  const isInDoubt = payment.attempts.some((each) => each.operation === "capture" && ["in_doubt", "needs_person"].includes(each.state));
  if (isInDoubt) return { ...COMING, word: "In doubt", state: "in-doubt", isAfterDoubt };
  if (payment.state === "requires_capture" && payment.captureBefore) return { word: "Captured", state: "waiting", when: `before ${zoneDayText(payment.captureBefore, timeZone)}`, what: "when the merchant asks", isAfterDoubt };
  return { ...COMING, word: "Captured" };
}

function canceled(payment: PaymentDetails, timeZone: string): Station {
  return { word: "Canceled", state: "canceled", when: zoneTimeText(payment.updatedAt, timeZone), what: "nothing is charged", isAfterDoubt: wasInDoubt(payment, "cancel") };
}

function settled(payment: PaymentDetails, charge: Charge | undefined, batch: BatchDetails | undefined, timeZone: string): Station[] {
  const net = charge?.capturedAt ? moneyText(netOf(charge), payment.currency) : "";
  const held: Station = charge?.capturedAt && charge.availableAt
    ? { word: "Held", state: charge.releasedAt ? "succeeded" : "waiting", when: `until ${zoneDayText(charge.availableAt, timeZone)}`, what: net, isAfterDoubt: false }
    : { ...COMING, word: "Held" };
  const available: Station = charge?.releasedAt ? { word: "Available", state: "succeeded", when: zoneTimeText(charge.releasedAt, timeZone), what: net, isAfterDoubt: false } : { ...COMING, word: "Available" };
  if (!batch) return [held, available, { ...COMING, word: "In the batch" }, { ...COMING, word: "In the bank file" }, { ...COMING, word: "On the statement" }];
  const href = `/payments/batches/${batch.batchId}`;
  const inBatch: Station = { word: "In the batch", state: "succeeded", when: zoneTimeText(batch.cutoffAt, timeZone), what: `of ${moneyText(batch.payoutAmount, batch.currency)}`, href, isAfterDoubt: false };
  if (batch.state === "carried") return [held, available, { ...inBatch, what: "carried to the next day" }, { ...COMING, word: "In the bank file" }, { ...COMING, word: "On the statement" }];
  const inFile: Station = batch.fileWrittenAt ? { word: "In the bank file", state: "succeeded", when: zoneTimeText(batch.fileWrittenAt, timeZone), what: batch.bankFile?.name ?? "", href, isAfterDoubt: false } : { ...COMING, word: "In the bank file" };
  return [held, available, inBatch, inFile, onStatement(batch, timeZone)];
}

function onStatement(batch: BatchDetails, timeZone: string): Station {
  const { payout } = batch;
  if (payout?.failedAt) return { word: "Returned", state: "failed", when: zoneTimeText(payout.failedAt, timeZone), what: payout.failureCode ?? "", isAfterDoubt: false };
  if (!payout?.paidAt) return { ...COMING, word: "On the statement" };
  const line = batch.statementLines.find((each) => each.state === "matched");
  const what = line ? `line ${line.number}` : "paid";
  return { word: "On the statement", state: "succeeded", when: zoneTimeText(payout.paidAt, timeZone), what, href: line && `/payments/statements?statement=${line.statementId}`, isAfterDoubt: false };
}
