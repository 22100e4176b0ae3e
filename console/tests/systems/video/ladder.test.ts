import { render, screen } from "@testing-library/svelte";
import { expect, test } from "vitest";

import { CELLS_MAX, cellsOf, readyText, totalOf } from "$/systems/video/ladder/cells";
import LadderView from "$/systems/video/ladder/LadderView.svelte";

import { ladder } from "./sample";

const [low, high, sound] = ladder().rungs;

test("each chunk has a cell, and what isn't uploaded has cells of the same length", () => {
  const cells = cellsOf(high!, ladder(), 40);
  expect(cells.map(({ state }) => state)).toEqual(["ready", "ready", "encoding", "queued", "again", "queued", "queued", "failed", "none", "none"]);
  expect(cells.every(({ durationS }) => durationS === 4)).toBe(true);
});

test("the sound is ready up to a time, since it isn't encoded in chunks", () => {
  expect(cellsOf(sound!, ladder(), 32).map(({ state }) => state)).toEqual([...Array<string>(7).fill("ready"), "queued"]);
});

test("many chunks share cells, which show what is wrong in them", () => {
  const chunks = Array.from({ length: 1_000 }, (_, number) => ({ number, startS: number * 4, durationS: 4 }));
  const rung = { ...low!, states: `${"r".repeat(500)}f${"q".repeat(499)}` };
  const cells = cellsOf(rung, ladder({ chunks }), 4_000);
  expect(cells.length).toBeLessThanOrEqual(CELLS_MAX);
  expect(cells.filter(({ state }) => state === "failed")).toHaveLength(1);
  expect(cells.reduce((sum, { durationS }) => sum + durationS, 0)).toBe(4_000);
});

test("a film whose length nobody knows is as long as its chunks", () => {
  expect([totalOf(ladder(), null), totalOf(ladder(), 40), totalOf(ladder({ chunks: [] }), null)]).toEqual([32, 40, 0]);
});

test("the ladder is told in words, the best quality first", () => {
  expect(readyText(high!, ladder())).toBe("720p: 2 of 8 parts ready, 1 encoding, 1 again, 1 failed");
  render(LadderView, { ladder: ladder(), rungs: [], durationS: 40, positionS: 10, isUploading: true, isFailed: false });
  expect(screen.getAllByRole("img").map((each) => each.getAttribute("aria-label")?.split(":")[0])).toEqual(["720p", "360p", "audio"]);
  expect(screen.getByText("0:10")).toBeTruthy();
  expect(screen.getByText("uploaded 0:32")).toBeTruthy();
  expect(screen.getByText("not uploaded")).toBeTruthy();
});

test("a title that has failed shows no scores: they are of the parts that were encoded", () => {
  const rungs = [{ name: "720p", kind: "video", bitrateMax: 3_000_000, vmaf: 0 }] as never;
  const view = render(LadderView, { ladder: ladder(), rungs, durationS: 40, positionS: null, isUploading: false, isFailed: false });
  expect(screen.getByText("0.0")).toBeTruthy();
  view.unmount();
  render(LadderView, { ladder: ladder(), rungs, durationS: 40, positionS: null, isUploading: false, isFailed: true });
  expect(screen.queryByText("0.0")).toBeNull();
});
