import { afterEach, expect, test, vi } from "vitest";

import { connection } from "$/services/connection.svelte";
import { call, NoAnswerError, RefusedError, setCsrfToken, signedOut } from "$/services/http";

function answerWith(status: number, body: unknown): ReturnType<typeof vi.fn> {
  const fetch = vi.fn(async () => new Response(JSON.stringify(body), { status }));
  vi.stubGlobal("fetch", fetch);
  return fetch;
}

afterEach(() => {
  vi.unstubAllGlobals();
  connection.answered(1);
});

test("a change carries the CSRF token and snake case", async () => {
  const fetch = answerWith(200, { is_active: false });
  setCsrfToken("csrf-1");
  expect(await call("PATCH", "/subscriptions/sub_1", { body: { isActive: false } })).toEqual({ isActive: false });
  expect(fetch).toHaveBeenCalledWith("/api/v1/subscriptions/sub_1", {
    credentials: "same-origin",
    method: "PATCH",
    headers: { "X-CSRF-Token": "csrf-1", "Content-Type": "application/json" },
    keepalive: false,
    body: '{"is_active":false}',
  });
});

test("parameters without a value are left out", async () => {
  const fetch = answerWith(200, {});
  await call("GET", "/events", { query: { cursor: undefined, limit: 100, find: null } });
  expect(fetch).toHaveBeenCalledWith("/api/v1/events?limit=100", expect.anything());
});

test("a refusal is the server's problem", async () => {
  answerWith(409, { code: "delivery_running", detail: "An attempt is in progress.", request_id: "req_1" });
  const refused = await call("POST", "/deliveries/dlv_1/retry").catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(RefusedError);
  expect((refused as RefusedError).problem).toMatchObject({ code: "delivery_running", requestId: "req_1" });
});

test("without an answer the connection is lost, and nobody knows whether it was done", async () => {
  vi.stubGlobal("fetch", vi.fn().mockRejectedValue(new TypeError("Failed to fetch")));
  await expect(call("POST", "/deliveries/dlv_1/retry")).rejects.toBeInstanceOf(NoAnswerError);
  expect(connection.lostAt).not.toBeNull();
});

test("a session that has ended asks to sign in", async () => {
  answerWith(401, { code: "unauthorized", detail: "" });
  const ended = vi.fn();
  signedOut.addEventListener("signed-out", ended, { once: true });
  await call("GET", "/subscriptions").catch(() => undefined);
  expect(ended).toHaveBeenCalledOnce();
});
