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

/** What the bank's statement shows of a batch's payout, as an amount that was paid; null if it shows nothing. */
export function bankSum(batch: BatchDetails): number | null {
  const matched = batch.statementLines.filter((line) => line.state === "matched");
  return matched.length === 0 ? null : -matched.reduce((sum, line) => sum + line.amount, 0);
}

/** How far the second is off: null if there is nothing to compare. */
export function drift(first: number | null, second: number | null): number | null {
  return first === null || second === null ? null : second - first;
}

const BREAKS = new Set(["missing", "duplicate", "amount", "currency", "timing", "unknown"]);

/** How many items of a day agree by a rule, or don't. */
export function countOf(counts: readonly ComparedCount[], currency: string, what: "all" | "breaks" | "reference" | "amount_and_date"): number {
  const wanted = counts.filter(({ currency: each, verdict, matchRule }) => {
    if (each !== currency) return false;
    if (what === "all") return true;
    return what === "breaks" ? BREAKS.has(verdict) : verdict === "agrees" && matchRule === what;
  });
  return wanted.reduce((sum, each) => sum + each.itemCount, 0);
}

/** What the breaks of a day come to, each as it is off. */
export function brokenAmount(counts: readonly ComparedCount[], currency: string): number {
  return counts
    .filter((each) => each.currency === currency && BREAKS.has(each.verdict))
    .reduce((sum, each) => sum + Math.abs(each.reportAmount - each.ledgerAmount), 0);
}
