// Which payout a line of the bank can be, and how far it is off.

import type { Break, Payout } from "$/services/settlement";

import { moneyText } from "./money";

/** The payouts in the currency of a break: the one that it is about first, then those that are off least. */
export function payoutsByCloseness<T extends Pick<Payout, "payoutId" | "currency" | "amount">>(payouts: readonly T[], found: Pick<Break, "currency" | "foundAmount" | "payoutId">): T[] {
  const off = (each: T): number => (each.payoutId === found.payoutId ? -1 : Math.abs(each.amount + (found.foundAmount ?? 0)));
  return payouts.filter((each) => each.currency === found.currency).sort((one, other) => off(one) - off(other));
}

/** Such as `The bank paid $0.01 less than the payout.` */
export function differenceText(difference: number, currency: string): string {
  if (difference === 0) return "The amounts agree.";
  return `The bank paid ${moneyText(Math.abs(difference), currency)} ${difference > 0 ? "more" : "less"} than the payout.`;
}
