// The timeline of a payment and its journal as one table: what happened, why, and what it posted.

import { countText, shortId } from "$/lib/text";
import type { Attempt, Entry, PaymentDetails, PaymentEvent } from "$/services/payments";
import type { BatchDetails } from "$/services/settlement";

import { dayText } from "./days";
import { isPosted } from "./entries";
import { amountText } from "./money";
import { sentenceWord, words } from "./states";

export interface JournalRow {
  readonly key: string;
  readonly at: string;
  readonly what: string;
  readonly because: string;
  /** A reference, set in mono. */
  readonly code?: string | undefined;
  /** Where the reference leads. */
  readonly href?: string | undefined;
  readonly isDoubt: boolean;
  readonly isFailed: boolean;
  readonly entry?: Entry | undefined;
}

const EVENTS: Readonly<Record<string, string>> = {
  created: "Intent created",
  confirmed: "Confirmed, sent to the processor",
  action_required: "Customer has to authenticate",
  action_cancel_requested: "To be paid in another way: authentication to be canceled",
  action_cancel_refused: "Authentication could not be canceled",
  action_canceled: "Authentication canceled, to be paid in another way",
  authorised: "Authorised by the processor",
  captured: "Captured",
  declined: "Declined by the processor",
  not_sent: "Not sent: nothing reached the processor",
  in_doubt: "Sent, no answer came",
  needs_person: "Still in doubt: needs a person",
  capture_requested: "Capture asked for",
  capture_refused: "Capture refused",
  cancel_requested: "Cancellation asked for",
  cancel_refused: "Cancellation refused",
  canceled: "Canceled",
  expired: "Authorisation expired",
  refund_requested: "Refund asked for",
  refunded: "Refunded",
  refund_failed: "Refund refused",
};
const FAILED = new Set(["declined", "not_sent", "capture_refused", "cancel_refused", "refund_failed"]);
const DOUBTS = new Set(["in_doubt", "needs_person"]);
/** What the entries of a cause do, by the kinds of the accounts that they move money between. */
const MOVES: Readonly<Record<string, string>> = {
  "merchant_held>fees": "Fee",
  "merchant_held>merchant_reserve": "Kept in reserve",
  "merchant_held>merchant_available": "Released from the hold",
  "merchant_reserve>merchant_available": "Released from the reserve",
  "merchant_available>payout_in_flight": "Netted into the batch",
  "payout_in_flight>bank": "Found on the statement",
  "merchant_available>refunds_in_flight": "Taken for the refund",
  "refunds_in_flight>processor_receivable": "Refunded by the processor",
  "merchant_pending>merchant_held": "Moved into the hold",
};
const RESOLVED: Readonly<Record<string, string>> = {
  posts: "Posted what was reserved",
  voids: "Released what was reserved",
  expires: "What was reserved expired",
};

/** Events and entries in the order of time; an entry that an event has made stands in its row. */
export function journalRows(payment: PaymentDetails, entries: readonly Entry[], batches: readonly BatchDetails[] = []): JournalRow[] {
  const left = [...entries].sort((one, other) => one.sequence - other.sequence);
  const rows = payment.timeline.flatMap((event): JournalRow[] => {
    const own = left.filter((entry) => entry.at === event.at);
    own.forEach((entry) => left.splice(left.indexOf(entry), 1));
    const [first, ...others] = own;
    return [eventRow(payment, event, first), ...others.map(entryRow)];
  });
  return [...rows, ...left.map(entryRow), ...batches.flatMap(batchRows)].sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
}

/** What all entries of a payment come to. Each has a debit and a credit of the same amount; pending ones post nothing. */
export function postedSum(entries: readonly Entry[]): number {
  return entries.filter((entry) => isPosted(entry)).reduce((sum, entry) => sum + entry.amount, 0);
}

/** What becomes of the payment with the others of its batch: their entries are those of the batch. */
function batchRows(batch: BatchDetails): JournalRow[] {
  const base = { isDoubt: false, isFailed: false };
  const href = `/payments/batches/${batch.batchId}`;
  const rows: (JournalRow | null)[] = [
    { ...base, key: `${batch.batchId} netted`, at: batch.cutoffAt, what: "Cut-off, netted into the batch", because: countText(batch.lineCount, "entry", "entries"), code: shortId(batch.batchId), href },
    batch.fileWrittenAt ? { ...base, key: `${batch.batchId} written`, at: batch.fileWrittenAt, what: "Written to the bank file", because: batch.payout?.traceNumber ? `trace ${batch.payout.traceNumber}` : "", code: batch.bankFile?.name, href } : null,
    ...batch.statementLines.map((line) => ({
      ...base,
      key: line.statementLineId,
      at: line.matchedAt ?? `${line.bookedOn}T12:00:00Z`,
      what: lineText(line),
      because: line.reason ?? `booked on ${dayText(line.bookedOn)}`,
      isFailed: line.kind === "return" || line.state === "suspense",
      code: `line ${line.number}`,
      href: `/payments/statements?statement=${line.statementId}`,
    })),
  ];
  return rows.filter((row) => row !== null);
}

function lineText({ kind, state }: BatchDetails["statementLines"][number]): string {
  if (kind === "return") return "Returned by the bank";
  return state === "suspense" ? "On the statement, and doesn’t agree" : "Found on the statement";
}

function eventRow(payment: PaymentDetails, event: PaymentEvent, entry: Entry | undefined): JournalRow {
  const operation = typeof event.detail["operation"] === "string" ? event.detail["operation"] : "";
  const isDoubt = DOUBTS.has(event.type);
  const what = isDoubt && operation ? `${sentenceWord(operation)}: ${(EVENTS[event.type] ?? words(event.type)).toLowerCase()}` : (EVENTS[event.type] ?? sentenceWord(event.type));
  return {
    key: `event ${event.version}`,
    at: event.at,
    what: event.type === "created" ? `${what}, ${payment.captureMethod} capture` : what,
    because: reason(payment, event, entry !== undefined),
    code: referenceOf(payment, event),
    isDoubt,
    isFailed: FAILED.has(event.type),
    entry,
  };
}

function entryRow(entry: Entry): JournalRow {
  const what = RESOLVED[entry.kind] ?? MOVES[`${entry.debitKind}>${entry.creditKind}`] ?? sentenceWord(entry.causeType);
  return { key: entry.transferId, at: entry.at, what, because: "", isDoubt: false, isFailed: false, entry };
}

function reason(payment: PaymentDetails, event: PaymentEvent, hasEntry: boolean): string {
  const { detail } = event;
  if (event.type === "created") return payment.description ?? "";
  if (DOUBTS.has(event.type)) return `${String(detail["reason"] ?? "no answer").replace(/\.$/, "")}. Not guessed: asked by our reference.`;
  if (event.type === "declined") return [detail["code"], detail["decline_code"] ?? detail["declineCode"]].filter(Boolean).join(", ");
  if (typeof detail["amount"] === "number") return hasEntry ? "" : amountText(detail["amount"], payment.currency);
  return typeof detail["code"] === "string" ? detail["code"] : "";
}

/** The processor's own reference of the call that ended with the event. */
function referenceOf(payment: PaymentDetails, event: PaymentEvent): string | undefined {
  const ended = (attempt: Attempt): boolean => attempt.finishedAt === event.at;
  return payment.attempts.find(ended)?.processorReference ?? undefined;
}
