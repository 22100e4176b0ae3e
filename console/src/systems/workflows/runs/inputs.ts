// What a person fills in to run a workflow by hand.

import type { DispatchInput } from "$/services/workflows";

export type Values = Readonly<Record<string, string>>;

const NUMBER = /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** The values with which the form begins: the defaults, and the first option of a choice without one. */
export function firstValues(inputs: readonly DispatchInput[]): Values {
  return Object.fromEntries(inputs.map((input) => [input.name, firstValue(input)]));
}

/** What is wrong with a value; undefined if nothing is. */
export function faultOf(input: DispatchInput, value: string): string | undefined {
  const text = value.trim();
  if (text === "") return input.required && input.type !== "boolean" ? "This is required." : undefined;
  if (input.type === "number" && !NUMBER.test(text)) return "A number, such as 42 or 1.5.";
  if (input.type === "choice" && !input.options.includes(value)) return "One of the options.";
  return undefined;
}

/** What is sent: what is empty and has no default is left out, as on GitHub. */
export function sentValues(inputs: readonly DispatchInput[], values: Values): Values {
  const given = inputs.map((input) => [input.name, input.type === "string" ? (values[input.name] ?? "") : (values[input.name] ?? "").trim()] as const);
  return Object.fromEntries(given.filter(([name, value]) => value !== "" || inputs.find((input) => input.name === name)?.default));
}

function firstValue(input: DispatchInput): string {
  if (input.type === "boolean") return input.default === "true" ? "true" : "false";
  if (input.type === "choice") return input.default ?? input.options[0] ?? "";
  return input.default ?? "";
}
