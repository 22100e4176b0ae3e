// Amounts: integers of minor units, which are written and read without any arithmetic on fractions.

/** How many decimals a currency has (ISO 4217), where it isn't two. */
const EXPONENTS: Readonly<Record<string, number>> = {
  BHD: 3, BIF: 0, CLF: 4, CLP: 0, DJF: 0, GNF: 0, IQD: 3, ISK: 0, JOD: 3, JPY: 0, KMF: 0, KRW: 0, KWD: 3, LYD: 3, OMR: 3,
  PYG: 0, RWF: 0, TND: 3, UGX: 0, UYI: 0, UYW: 4, VND: 0, VUV: 0, XAF: 0, XOF: 0, XPF: 0,
};
const AMOUNT = /^(\d+)(?:\.(\d*))?$/;

/** How many decimals a currency has. */
export function exponentOf(currency: string): number {
  return EXPONENTS[currency] ?? 2;
}

/** Such as `1,248.50`, without the currency, for columns that name it once. A minus is `−`. */
export function amountText(amount: number, currency: string): string {
  const decimals = exponentOf(currency);
  return sign(amount) + format(amount, decimals, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** Such as `$1,248.50`. */
export function moneyText(amount: number, currency: string): string {
  const decimals = exponentOf(currency);
  const options = { style: "currency", currency, currencyDisplay: "narrowSymbol", minimumFractionDigits: decimals, maximumFractionDigits: decimals } as const;
  return sign(amount) + format(amount, decimals, options);
}

/** Such as `$1,248.50`, or `3.000` of a currency without a sign, which is shown next to its code. */
export function titleText(amount: number, currency: string): string {
  const text = moneyText(amount, currency);
  return text.includes(currency) ? amountText(amount, currency) : text;
}

/** The minor units of what a person has written, such as `1,248.50`; null if it is no amount of the currency. */
export function parseAmount(text: string, currency: string): number | null {
  const found = AMOUNT.exec(text.replaceAll(/[\s,]/g, ""));
  const decimals = exponentOf(currency);
  if (!found || (found[2]?.length ?? 0) > decimals) return null;
  const minor = Number(`${found[1]}${(found[2] ?? "").padEnd(decimals, "0")}`);
  return Number.isSafeInteger(minor) && minor > 0 ? minor : null;
}

/** What a field shows first, such as `248.50`. */
export function plainText(amount: number, currency: string): string {
  return decimalText(amount, exponentOf(currency));
}

function sign(amount: number): string {
  return amount < 0 ? "−" : "";
}

function format(amount: number, decimals: number, options: Intl.NumberFormatOptions): string {
  // A decimal text is formatted exactly; a number would be a float.
  return new Intl.NumberFormat("en-US", options).format(decimalText(amount, decimals) as Intl.StringNumericLiteral);
}

function decimalText(amount: number, decimals: number): string {
  const digits = String(Math.abs(amount)).padStart(decimals + 1, "0");
  return decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}
