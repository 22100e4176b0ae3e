import { render, screen } from "@testing-library/svelte";
import { flushSync } from "svelte";
import { afterEach, expect, test } from "vitest";

import Copy from "$/components/Copy.svelte";
import Countdown from "$/components/Countdown.svelte";
import Payload from "$/components/Payload.svelte";
import State from "$/components/State.svelte";
import Time from "$/components/Time.svelte";
import { keys } from "$/lib/keys.svelte";
import { clock } from "$/lib/time.svelte";
import { connection } from "$/services/connection.svelte";
import KeysDialog from "$/shell/KeysDialog.svelte";

afterEach(() => {
  connection.answered(1);
  clock.now = Date.now();
});

test("a state is an icon and a word, never colour alone", () => {
  const { container } = render(State, { name: "succeeded", word: "Delivered" });
  expect(container.querySelector("svg")?.getAttribute("aria-hidden")).toBe("true");
  expect(container.textContent).toBe("Delivered");
});

test("a time has the exact instant on hover", () => {
  const { container } = render(Time, { at: "2026-11-24T11:46:12.000Z" });
  expect(container.querySelector("time")?.title).toBe("2026-11-24 11:46:12.000 UTC");
});

test("a countdown stands still while the connection is lost, and after two seconds says when it was due", () => {
  // It ticks once a second, and may stand still while nobody looks at the page.
  clock.now = Date.now();
  connection.lost();
  const { container } = render(Countdown, { until: new Date(Date.now() + 7_000).toISOString() });
  expect(screen.getByRole("timer").textContent).toMatch(/^in 0:0[78]$/);
  flushSync(() => (clock.now = Date.now() + 2_500));
  expect(container.textContent).toContain("due at");
  expect(screen.queryByRole("timer")).toBeNull();
});

test("a payload is shown as it was written", () => {
  const { container } = render(Payload, { text: '{"total": 19.90}', label: "Payload" });
  expect(container.querySelector("pre")?.textContent).toBe('{\n  "total": 19.90\n}');
});

test("a copy button says what it copies", () => {
  render(Copy, { text: "dlv_1", label: "Copy the id" });
  expect(screen.getByRole("button", { name: "Copy the id" })).toBeTruthy();
});

test("the keys of a page are listed, the space bar by its name", () => {
  HTMLDialogElement.prototype.showModal ??= () => undefined;
  const leave = keys.add([{ key: " ", label: "Play or pause", act: () => undefined }, { key: "g v", label: "Go to Video", act: () => undefined }]);
  render(KeysDialog, { onclose: () => undefined });
  leave();
  expect(screen.getByText("Space")).toBeTruthy();
  expect(screen.getByText("Go to Video")).toBeTruthy();
});
