import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { connection } from "$/services/connection.svelte";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  connection.answered(1);
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a lost connection is tried again, later each time, until it is back", async () => {
  const fetch = vi.fn().mockRejectedValue(new TypeError("Failed to fetch"));
  vi.stubGlobal("fetch", fetch);
  const returned = vi.fn();
  const end = connection.onReturn(returned);
  connection.lost();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(fetch).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(fetch).toHaveBeenCalledTimes(1);
  fetch.mockResolvedValue(new Response("{}"));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(fetch).toHaveBeenCalledTimes(2);
  expect(connection.lostAt).toBeNull();
  expect(returned).toHaveBeenCalledOnce();
  end();
});

test("what is shown stays as of the last answer", () => {
  connection.answered(1);
  const asOf = connection.asOf;
  connection.lost();
  vi.advanceTimersByTime(500);
  expect(connection.asOf).toBe(asOf);
});

test("a connection that is lost for less than two seconds is not reported", () => {
  connection.lost();
  expect(connection.isToldAt(Date.now() + 1_900)).toBe(false);
  expect(connection.isToldAt(Date.now() + 2_100)).toBe(true);
});
