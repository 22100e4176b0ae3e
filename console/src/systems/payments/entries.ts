// The entries of an account, with the balance after each.

import type { Account, AccountEntry } from "$/services/payments";

const DEBIT_NORMAL = new Set(["processor_receivable", "bank", "bank_fees"]);

export interface EntryWithBalance {
  readonly entry: AccountEntry;
  /** The posted balance after the entry; null for one that posts nothing. */
  readonly balance: number | null;
}

/** Whether an entry changes the posted balance: what is reserved, voided or expired doesn't. */
export function isPosted(entry: Pick<AccountEntry, "kind">): boolean {
  return entry.kind === "posted" || entry.kind === "posts";
}

/** Go back from the balance of now, through entries that are the newest first. */
export function withBalances(account: Account, newestFirst: readonly AccountEntry[]): EntryWithBalance[] {
  let balance = account.balance;
  return newestFirst.map((entry) => {
    if (!isPosted(entry)) return { entry, balance: null };
    const after = balance;
    const adds = (entry.side === "debit") === DEBIT_NORMAL.has(account.kind);
    balance -= adds ? entry.amount : -entry.amount;
    return { entry, balance: after };
  });
}

/** Where what caused an entry is shown, if it is a payment's or a batch's. */
export function causeHref({ paymentId, batchId }: Pick<AccountEntry, "paymentId" | "batchId">): string | undefined {
  return paymentId ? `/payments/intents/${paymentId}` : batchId ? `/payments/batches/${batchId}` : undefined;
}
