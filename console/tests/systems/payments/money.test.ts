import { expect, test } from "vitest";

import { amountText, exponentOf, moneyText, parseAmount, plainText } from "$/systems/payments/money";

test.each([
  [124_850, "USD", "1,248.50", "$1,248.50"],
  [-250, "USD", "−2.50", "−$2.50"],
  [0, "USD", "0.00", "$0.00"],
  [5, "EUR", "0.05", "€0.05"],
  [1_500, "JPY", "1,500", "¥1,500"],
  [1_234_567, "KWD", "1,234.567", "KWD 1,234.567"],
  [-7, "KWD", "−0.007", "−KWD 0.007"],
  // Larger than what a float of major units keeps exactly.
  [9_007_199_254_740_991, "USD", "90,071,992,547,409.91", "$90,071,992,547,409.91"],
])("%d minor units of %s are %s and %s", (amount, currency, column, money) => {
  expect(amountText(amount, currency)).toBe(column);
  expect(moneyText(amount, currency).replaceAll("\u00a0", " ")).toBe(money);
});

test.each([
  ["248.50", "USD", 24_850],
  ["1,248.5", "USD", 124_850],
  ["1500", "JPY", 1_500],
  ["0.005", "KWD", 5],
  ["0.29", "USD", 29],
  ["1.005", "USD", null],
  ["1.5", "JPY", null],
  ["-1", "USD", null],
  ["0", "USD", null],
  ["1e3", "USD", null],
  ["", "USD", null],
])("%s in %s is %s", (text, currency, expected) => {
  expect(parseAmount(text, currency)).toBe(expected);
});

test.each(["USD", "JPY", "KWD"])("an amount in %s that is shown in a field is read as the same", (currency) => {
  for (const amount of [1, 99, 100, 123_456_789]) expect(parseAmount(plainText(amount, currency), currency)).toBe(amount);
});

test("most currencies have two decimals", () => {
  expect(["USD", "JPY", "KWD", "MGA", "CLF"].map(exponentOf)).toEqual([2, 0, 3, 2, 4]);
});
