// Sums that have to agree: a batch's own, its file's and the bank's; and a day's on three sides.

import type { Batch, BatchDetails, ComparedCount } from "$/services/settlement";

/** What the parts of a batch come to: it has to be what is paid out and what is carried. */
export function partsSum(batch: Batch): number {
  return (
    batch.openingAmount +
    batch.captureAmount -
    batch.feeAmount -
    batch.reserveAmount +
    batch.reserveReleasedAmount +
    batch.refundAmount +
    batch.returnedAmount +
    batch.correctionAmount
  );
}

/** The lines of the statement that pay a batch's payout out; those that bring it back are others. */
export function paidLines(batch: Pick<BatchDetails, "statementLines">): BatchDetails["statementLines"] {
  return batch.statementLines.filter((line) => line.kind === "entry" && line.amount < 0 && line.state !== "duplicate");
}

/** What the bank's statement shows of a batch's payout, as an amount that was paid; null if it shows nothing. */
export function bankSum(batch: Pick<BatchDetails, "statementLines" | "payoutAmount">): number | null {
  const lines = paidLines(batch);
  // A line that pays the whole file is matched only if it comes to the file's total.
  const paid = lines.map((line) => (line.state === "matched" && line.payoutId === null ? batch.payoutAmount : -line.amount));
  return lines.length === 0 ? null : paid.reduce((sum, each) => sum + each, 0);
}

/** How far the second is off: null if there is nothing to compare. */
export function drift(first: number | null, second: number | null): number | null {
  return first === null || second === null ? null : second - first;
}

const BREAKS = new Set(["missing", "duplicate", "amount", "currency", "timing", "unknown"]);

/** How many items of a day agree by a rule, or don't. */
export function countOf(counts: readonly ComparedCount[], currency: string, what: "all" | "breaks" | "not_compared" | "reference" | "amount_and_date"): number {
  const wanted = counts.filter(({ currency: each, verdict, matchRule }) => {
    if (each !== currency) return false;
    if (what === "all") return true;
    if (what === "not_compared") return verdict === what;
    return what === "breaks" ? BREAKS.has(verdict) : verdict === "agrees" && matchRule === what;
  });
  return wanted.reduce((sum, each) => sum + each.itemCount, 0);
}

/** What came after the report of the day was read, or before it was read at all: neither the report nor the bank can have it. */
export function notCompared(counts: readonly ComparedCount[], currency: string): number {
  return counts.filter((each) => each.currency === currency && each.verdict === "not_compared").reduce((sum, each) => sum + each.ledgerAmount, 0);
}

/** The currency of a day that is shown first: the first one with a break, else the first. */
export function firstCurrency(totals: readonly { readonly currency: string }[], counts: readonly ComparedCount[]): string | undefined {
  return (totals.find((each) => countOf(counts, each.currency, "breaks") > 0) ?? totals[0])?.currency;
}
