import { afterEach, expect, test, vi } from "vitest";

import { feed, type Listener } from "$/services/feed";
import type { WireLine } from "$/services/workflows_log";
import { LogLoader } from "$/systems/workflows/log/loader.svelte";

let ring: Listener = () => undefined;
let lines: WireLine[] = [];
let requests: string[] = [];

function line(number: number): WireLine {
  return { line: number, step: 1, at: new Date().toISOString(), text: `line ${number}` };
}

/** A server with some lines, and a loader that reads them. */
function start(count: number, wanted: number | null = null): LogLoader {
  lines = Array.from({ length: count }, (_, at) => line(at + 1));
  requests = [];
  vi.spyOn(feed, "watch").mockImplementation((_, listener) => {
    ring = listener;
    return () => undefined;
  });
  vi.stubGlobal("fetch", async (address: string) => {
    const query = new URL(address, "http://localhost").searchParams;
    const [after, limit] = [Number(query.get("after")), Number(query.get("limit"))];
    requests.push(`${after}+${limit}`);
    return new Response(JSON.stringify({ items: lines.slice(after, after + limit), is_complete: false, last_line: lines.length }));
  });
  const loader = new LogLoader("wjob_1");
  loader.start(wanted);
  return loader;
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

test("a long log is read from its end, each page once", async () => {
  const loader = start(4_321);
  await vi.waitFor(() => expect(loader.buffer.count).toBe(4_321));
  expect(requests).toEqual(["0+1000", "4000+1000", "3000+1000", "2000+1000", "1000+1000"]);
  expect(loader.buffer.at(4_321)?.text).toBe("line 4321");
});

test("the page of the line that the address names is read before the others", async () => {
  const loader = start(9_000, 5_500);
  await vi.waitFor(() => expect(loader.buffer.count).toBe(9_000));
  expect(requests.slice(0, 2)).toEqual(["0+1000", "5000+1000"]);
});

test("lines that arrive are taken, and what was missed before them is read", async () => {
  const loader = start(10);
  await vi.waitFor(() => expect(loader.isLoaded).toBe(true));
  lines = Array.from({ length: 30 }, (_, at) => line(at + 1));
  ring({ lines: lines.slice(25) });
  await vi.waitFor(() => expect(loader.buffer.count).toBe(30));
  expect([loader.buffer.lastLine, loader.buffer.isLive(30), loader.buffer.isLive(5)]).toEqual([30, true, false]);
  expect(requests).toEqual(["0+1000", "10+990"]);
  expect(loader.delayMs).toBeLessThan(5_000);
});

test("after a break, what came meanwhile is read", async () => {
  const loader = start(10);
  await vi.waitFor(() => expect(loader.isLoaded).toBe(true));
  lines = Array.from({ length: 2_500 }, (_, at) => line(at + 1));
  ring(null);
  await vi.waitFor(() => expect(loader.buffer.count).toBe(2_500));
});
