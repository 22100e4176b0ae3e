// What a correction moves to end a break: a proposal that a person can change.

import type { AccountKind } from "$/services/payments";
import type { Break } from "$/services/settlement";

export interface Correction {
  readonly debit: AccountKind;
  readonly credit: AccountKind;
  /** Minor units, positive. */
  readonly amount: number;
}

/** What a line of the bank has put into suspense, negative if it was paid out; null if the break is about no line. */
export function suspendedOf(found: Pick<Break, "statementLineId" | "foundAmount">): number | null {
  return found.statementLineId === null ? null : found.foundAmount;
}

/** The way out of suspense; for a report, what the processor owes more or less. */
export function proposedCorrection(found: Pick<Break, "statementLineId" | "foundAmount" | "difference">): Correction {
  const suspended = suspendedOf(found);
  if (suspended === null) {
    const amount = Math.abs(found.difference);
    return found.difference > 0 ? { debit: "processor_receivable", credit: "fees", amount } : { debit: "fees", credit: "processor_receivable", amount };
  }
  return suspended < 0 ? { debit: "bank_fees", credit: "suspense", amount: -suspended } : { debit: "suspense", credit: "processor_receivable", amount: suspended };
}
