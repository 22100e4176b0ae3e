// What is agreed with a merchant, in words and in the fields of a form.

import type { Merchant } from "$/services/payments";

import { moneyText, parseAmount } from "./money";

/** Such as `1.4 %`, of 140 hundredths of a percent. */
export function percentText(bps: number): string {
  const [whole, part] = [Math.trunc(bps / 100), bps % 100];
  return `${whole}${part ? `.${String(part).padStart(2, "0").replace(/0$/, "")}` : ""} %`;
}

/** Hundredths of a percent of what a person has written, such as `1.4`; null if it is no percentage. */
export function parsePercent(text: string): number | null {
  const found = /^(\d{1,3})(?:\.(\d{0,2}))?$/.exec(text.replaceAll(/[\s%]/g, ""));
  if (!found) return null;
  const bps = Number(found[1]) * 100 + Number((found[2] ?? "").padEnd(2, "0"));
  return bps <= 10_000 ? bps : null;
}

/** Such as `1.4 % and $0.25`. */
export function feeText({ feeBps, feeFixed, defaultCurrency }: Pick<Merchant, "feeBps" | "feeFixed" | "defaultCurrency">): string {
  return `${percentText(feeBps)}${feeFixed ? ` and ${moneyText(feeFixed, defaultCurrency)}` : ""}`;
}

/** An amount that may be zero. */
export function parseAmountOrZero(text: string, currency: string): number | null {
  return /^[\s0.,]*$/.test(text) && /0/.test(text) ? 0 : parseAmount(text, currency);
}

