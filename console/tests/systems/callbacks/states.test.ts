import { expect, test } from "vitest";

import { hrefOfId } from "$/lib/ids";
import { adviceOf, isSecretSuspect, knownText, sourceState, statusOf, statusState, STATUSES, titleOf } from "$/systems/callbacks/states";
import { callbacks } from "$/systems/callbacks/system";

test.each([
  ["received", "queued"],
  ["verified", "succeeded"],
  ["duplicate", "succeeded"],
  ["handshake", "succeeded"],
  ["quarantined", "failed"],
] as const)("a callback that is %s is %s", (status, expected) => {
  expect(statusState(status).name).toBe(expected);
});

test("an address with an unknown status has no filter", () => {
  expect(STATUSES.map(statusOf)).toEqual(STATUSES);
  expect(statusOf("delivered")).toBeUndefined();
  expect(statusOf(null)).toBeUndefined();
});

test.each([
  [{ type: "issues.opened", status: "verified" }, "issues.opened"],
  [{ type: null, status: "verified" }, "without a type"],
  [{ type: null, status: "quarantined" }, "type not known"],
  [{ type: null, status: "handshake" }, "handshake"],
] as const)("%o is called %s", (callback, expected) => {
  expect(titleOf(callback)).toBe(expected);
});

test("the reason is what is known of a quarantined callback", () => {
  expect(knownText({ status: "quarantined", reason: "signature_mismatch", replayCount: 0 })).toBe("signature mismatch");
  expect(knownText({ status: "verified", reason: null, replayCount: 2 })).toBe("passed on, replayed 2 ×");
});

test("only a failed check that another secret can pass asks for one", () => {
  expect(isSecretSuspect("signature_mismatch")).toBe(true);
  expect(isSecretSuspect("timestamp_too_old")).toBe(false);
  expect(adviceOf("timestamp_in_future")).toContain("clocks");
});

test.each([
  [undefined, "queued"],
  [null, "queued"],
  [{ status: "quarantined" }, "failed"],
  [{ status: "handshake" }, "running"],
  [{ status: "duplicate" }, "succeeded"],
] as const)("a source whose last callback is %o is %s", (last, expected) => {
  expect(sourceState(last).name).toBe(expected);
});

test.each([
  ["src_01m8cw9b4tfjzr8gfkvfvfjcpy", "/callbacks/sources/src_01m8cw9b4tfjzr8gfkvfvfjcpy"],
  ["cbk_01m8cx8fmke5f9555yb0m9rp76", "/callbacks/received?callback=cbk_01m8cx8fmke5f9555yb0m9rp76"],
  ["sub_01m8305b05ebfsfbwdfww0q6bf", undefined],
  ["src_1", undefined],
  [" src_01m8cw9b4tfjzr8gfkvfvfjcpy", undefined],
])("the id %s leads to %s", (id, expected) => {
  expect(hrefOfId(callbacks.idLinks, id)).toBe(expected);
});
