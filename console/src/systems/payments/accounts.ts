// Balances of the ledger, by currency.

import type { Account, AccountKind } from "$/services/payments";

export interface CurrencyBalances {
  readonly currency: string;
  readonly accounts: readonly Account[];
}

/** What each account of a merchant holds, in the order of a payment's way. */
export const MERCHANT_KINDS: readonly AccountKind[] = ["merchant_pending", "merchant_held", "merchant_reserve", "merchant_available", "refunds_in_flight", "payout_in_flight"];

const TITLES: Readonly<Record<AccountKind, readonly [string, string]>> = {
  processor_receivable: ["Processor receivable", "what processors owe"],
  merchant_pending: ["Pending", "authorised, not captured"],
  merchant_held: ["Held", "captured, in the hold"],
  merchant_reserve: ["Reserve", "kept back"],
  merchant_available: ["Available", "to be paid out"],
  refunds_in_flight: ["Refunds in flight", "with the processor"],
  payout_in_flight: ["Payout in flight", "with the bank"],
  fees: ["Fees", "earned"],
  bank: ["Bank", "on the account"],
  bank_fees: ["Bank fees", "kept by the bank"],
  suspense: ["Suspense", "matches nothing yet"],
};

export function titleOf(kind: AccountKind): string {
  return TITLES[kind][0];
}

export function noteOf(kind: AccountKind): string {
  return TITLES[kind][1];
}

/** What an account shows: of the pending one, what is reserved and not posted. */
export function shownBalance(account: Account): number {
  return account.kind === "merchant_pending" ? account.balance + account.pending : account.balance;
}

/** Accounts by currency, the usual one first, each in the order of a payment's way. */
export function byCurrency(accounts: readonly Account[], usual?: string): CurrencyBalances[] {
  const kinds = Object.keys(TITLES);
  const rank = (currency: string): string => (currency === usual ? "" : currency);
  const currencies = [...new Set(accounts.map((each) => each.currency))].sort((one, other) => (rank(one) < rank(other) ? -1 : 1));
  return currencies.map((currency) => ({
    currency,
    accounts: accounts.filter((each) => each.currency === currency).sort((one, other) => kinds.indexOf(one.kind) - kinds.indexOf(other.kind)),
  }));
}
