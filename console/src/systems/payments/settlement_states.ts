// The states of batches, payouts, breaks and lines, in the words that all systems share.

import type { Batch, Break, BreakType, Day, Item, Payout, StatementLine } from "$/services/settlement";

import { sentenceWord, words, type Shown } from "./states";

const BATCH: Readonly<Record<Batch["state"], Shown>> = {
  computed: { name: "running", word: "Computed" },
  posted: { name: "running", word: "Posted" },
  file_written: { name: "running", word: "In the bank file" },
  delivered: { name: "running", word: "With the bank" },
  carried: { name: "waiting", word: "Carried" },
};
const PAYOUT: Readonly<Record<Payout["state"], Shown>> = {
  pending: { name: "queued", word: "To be paid" },
  in_transit: { name: "running", word: "With the bank" },
  paid: { name: "succeeded", word: "Paid" },
  failed: { name: "failed", word: "Returned" },
  canceled: { name: "canceled", word: "Canceled" },
};
const LINE: Readonly<Record<StatementLine["state"], Shown>> = {
  unmatched: { name: "running", word: "Not matched yet" },
  matched: { name: "succeeded", word: "Matched" },
  suspense: { name: "failed", word: "In suspense" },
  noted: { name: "succeeded", word: "Noted" },
  duplicate: { name: "canceled", word: "Seen before" },
};
const BREAK_TITLES: Readonly<Record<Break["source"], Readonly<Record<BreakType, string>>>> = {
  report: { missing: "Missing in the report", duplicate: "Twice in the report", amount: "Amount", currency: "Currency", timing: "Timing", unknown: "Unknown to the ledger" },
  bank: { missing: "Missing on the statement", duplicate: "Twice on the statement", amount: "Amount on the statement", currency: "Currency on the statement", timing: "Early on the statement", unknown: "On the statement only" },
};

export const BREAK_TYPES: readonly BreakType[] = ["missing", "duplicate", "amount", "currency", "timing", "unknown"];

/** How a batch stands. One whose payout the bank has shown, or has returned, stands as its payout. */
export function batchShown(batch: Pick<Batch, "state" | "carriedReason" | "payoutState">): Shown {
  if (batch.payoutState === "paid" || batch.payoutState === "failed") return PAYOUT[batch.payoutState];
  const shown = BATCH[batch.state];
  return batch.state === "carried" && batch.carriedReason ? { ...shown, word: `Carried: ${words(batch.carriedReason)}` } : shown;
}

export function payoutShown(state: Payout["state"]): Shown {
  return PAYOUT[state];
}

export function lineShown(state: StatementLine["state"]): Shown {
  return LINE[state];
}

export function breakTitle({ source, type }: Pick<Break, "source" | "type">): string {
  return BREAK_TITLES[source][type];
}

export function breakShown(found: Break): Shown {
  if (found.state === "open") return { name: "failed", word: breakTitle(found) };
  return { name: "succeeded", word: `${breakTitle(found)}, ${found.state}` };
}

/** How an item of a comparison stands. */
export function itemShown(item: Pick<Item, "verdict" | "matchRule" | "reportDay">): Shown {
  if (item.verdict === "agrees") return { name: "succeeded", word: item.matchRule === "amount_and_date" ? "By amount and date" : item.matchRule === "person" ? "By a person" : "By reference" };
  if (item.verdict === "elsewhere") return { name: "waiting", word: "In another day’s report" };
  if (item.verdict === "not_compared") return { name: "queued", word: "Not compared yet" };
  return { name: "failed", word: breakTitle({ source: "report", type: item.verdict }) };
}

/** How far the report is off in an item: all of a line that is there once more. */
export function itemOff(item: Pick<Item, "verdict" | "difference" | "reportAmount">): number | null {
  if (item.verdict === "elsewhere" || item.verdict === "not_compared") return null;
  return item.verdict === "duplicate" ? item.reportAmount : item.difference;
}

/** What a line of a batch is. */
export function lineTypeText(type: string): string {
  return sentenceWord(type);
}

/** How a day stands. */
export function dayShown(day: Pick<Day, "closedAt" | "openBreaks" | "runs">): Shown {
  if (day.closedAt) return { name: "succeeded", word: "Closed" };
  if (day.openBreaks > 0) return { name: "failed", word: "Doesn’t agree" };
  return day.runs > 0 ? { name: "running", word: "Agrees" } : { name: "queued", word: "Not compared" };
}
