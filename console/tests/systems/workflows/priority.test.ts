import { fireEvent, render, screen } from "@testing-library/svelte";
import { afterEach, expect, test, vi } from "vitest";

import * as services from "$/services/workflows";
import { current } from "$/services/session.svelte";
import Priority from "$/systems/workflows/run/Priority.svelte";

import { run } from "./sample";

afterEach(() => vi.restoreAllMocks());

test("the priority of a run that goes on is changed", async () => {
  vi.spyOn(current, "canWrite", "get").mockReturnValue(true);
  const sent = vi.spyOn(services, "setPriority").mockResolvedValue(run({ priority: "high" }));
  const onchange = vi.fn(() => Promise.resolve());
  render(Priority, { run: run({ status: "queued" }), onchange });
  const chooser = screen.getByRole<HTMLSelectElement>("combobox", { name: /Priority/ });
  expect([...chooser.options].map(({ text }) => text)).toEqual(["High", "Normal", "Low"]);
  await fireEvent.change(chooser, { target: { value: "high" } });
  await vi.waitFor(() => expect(onchange).toHaveBeenCalled());
  expect(sent).toHaveBeenCalledWith("wrun_1", "high");
});

test("that of a run that has ended is only told", () => {
  render(Priority, { run: run({ status: "succeeded", priority: "low" }), onchange: () => Promise.resolve() });
  expect(screen.getByText("Low")).toBeTruthy();
  expect(screen.queryByRole("combobox")).toBeNull();
});
