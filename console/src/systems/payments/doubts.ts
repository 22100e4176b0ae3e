// Calls whose outcome nobody knows, in words.

import type { Attempt } from "$/services/payments";

export type Verdict = "succeeded" | "declined" | "not_sent";

export const OUTCOMES: readonly Verdict[] = ["succeeded", "declined", "not_sent"];

const DONE: Readonly<Record<Attempt["operation"], string>> = {
  authorise: "The payment was authorised",
  capture: "The funds were captured",
  cancel: "The authorisation was canceled",
  refund: "The refund was made",
};

/** What a verdict says of a call. */
export function outcomeText(verdict: Verdict, operation: Attempt["operation"]): string {
  if (verdict === "succeeded") return DONE[operation];
  return verdict === "declined" ? "The processor refused it" : "The processor never received it";
}

export function isOpenDoubt(attempt: Attempt): boolean {
  return attempt.state === "in_doubt" || attempt.state === "needs_person";
}

/** What to do about a doubt: why first, then what follows. */
export function adviceOf(attempt: Attempt): { readonly strong: string; readonly text: string } {
  if (attempt.state === "needs_person") {
    return {
      strong: "The deadline is over, and the processor still doesn’t say.",
      text: `Find ${attempt.attemptId} at the processor, and close the doubt by what you find. Until then the funds stay reserved.`,
    };
  }
  return {
    strong: "The call may have reached the processor, and no answer came.",
    text: "Nothing is guessed: the processor is asked by our reference until it says. You need to do nothing before the deadline.",
  };
}
