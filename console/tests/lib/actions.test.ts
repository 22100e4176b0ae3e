import { expect, test } from "vitest";

import { pendingActions } from "$/lib/actions.svelte";
import { toasts } from "$/lib/toasts.svelte";
import { NoAnswerError, RefusedError } from "$/services/http";

const PROBLEM = { type: "", title: "", status: 409, detail: "An attempt is in progress.", code: "delivery_running", isRetryable: true, requestId: "", remedy: "Try again." };

test("an act is pending until the server has answered", async () => {
  let answer: (value: string) => void = () => undefined;
  const outcome = pendingActions.perform("dlv_1", "Retry", () => new Promise<string>((resolve) => (answer = resolve)));
  expect(pendingActions.of("dlv_1")).toMatchObject({ kind: "pending", label: "Retry" });
  answer("done");
  expect(await outcome).toEqual({ kind: "confirmed", value: "done" });
  expect(pendingActions.of("dlv_1")).toBeUndefined();
});

test("who comes second is told why", async () => {
  const outcome = await pendingActions.perform("dlv_2", "Retry", () => Promise.reject(new RefusedError(PROBLEM)));
  expect(outcome.kind).toBe("refused");
  expect(toasts.all.at(-1)).toMatchObject({ text: "Retry: refused.", detail: "An attempt is in progress. Try again." });
});

test("without an answer nobody claims to know", async () => {
  const outcome = await pendingActions.perform("dlv_3", "Retry", () => Promise.reject(new NoAnswerError()));
  expect(outcome).toEqual({ kind: "unknown" });
  expect(toasts.all.at(-1)?.text).toBe("Retry: no answer.");
});

test("the same act isn't sent twice while it is pending", async () => {
  let sent = 0;
  let answer: () => void = () => undefined;
  const request = (): Promise<void> => {
    sent += 1;
    return new Promise((resolve) => (answer = resolve));
  };
  const first = pendingActions.perform("dlv_4", "Retry", request);
  await pendingActions.perform("dlv_4", "Retry", request);
  answer();
  await first;
  expect(sent).toBe(1);
});
