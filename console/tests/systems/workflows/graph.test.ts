import { fireEvent, render, screen } from "@testing-library/svelte";
import { expect, test, vi } from "vitest";

import Graph from "$/systems/workflows/graph/Graph.svelte";
import { neighbourOf } from "$/systems/workflows/graph/keys";
import { layOut, nearestInOrder, type Layout } from "$/systems/workflows/graph/layout";
import { groupOf, linksOf, matrixStatus, nodesOf } from "$/systems/workflows/graph/nodes";
import { matrixNote, noteOf, ordinalText } from "$/systems/workflows/graph/notes";
import type { Job } from "$/services/workflows";

import { job, matrix } from "./sample";

const NOW = Date.parse("2026-11-27T12:05:00Z");

function graphOf(jobs: readonly Job[], open: readonly string[] = []): Layout {
  const nodes = nodesOf(jobs, new Set(open));
  return layOut(nodes, linksOf(nodes));
}

function overlaps({ nodes }: Layout): string[] {
  return nodes.flatMap((one) =>
    nodes.filter((other) => other !== one && other.column === one.column && other.top >= one.top && other.top < one.top + one.height).map((other) => `${one.node.id} ${other.node.id}`),
  );
}

const SHOP = [
  job("lint"),
  job("build"),
  ...matrix("test", 3, { needs: ["lint", "build"] }),
  job("e2e", { needs: ["build"] }),
  job("docs", { needs: ["build"] }),
  job("package", { needs: ["test", "e2e", "build"] }),
  job("staging", { needs: ["package"] }),
];

test("a job stands one column after the last of those that it needs", () => {
  const columns = new Map(graphOf(SHOP).nodes.map(({ node, column }) => [node.id, column]));
  expect(["lint", "build", "test.1", "e2e", "package", "staging"].map((id) => columns.get(id))).toEqual([0, 0, 1, 1, 2, 3]);
});

test("no node covers another one, and all are within the picture", () => {
  const layout = graphOf(SHOP);
  expect(overlaps(layout)).toEqual([]);
  expect(layout.nodes.every(({ left, top, height }) => left >= 0 && top >= 0 && top + height <= layout.height && left + 184 <= layout.width)).toBe(true);
});

test("what follows from other links isn't drawn", () => {
  const nodes = nodesOf(SHOP, new Set());
  expect(linksOf(nodes)).not.toContainEqual({ from: "build", to: "package" });
  expect(linksOf(nodes)).toContainEqual({ from: "test.2", to: "package" });
});

test("a curve that passes a column goes between its nodes", () => {
  const layout = graphOf([job("a"), job("b", { needs: ["a"] }), job("c", { needs: ["b"] }), job("d"), job("e", { needs: ["d", "c"] })]);
  const { path } = layout.curves.find(({ from, to }) => from === "d" && to === "e") ?? { path: "" };
  expect(path.match(/C/g)).toHaveLength(3);
  expect(overlaps(layout)).toEqual([]);
});

test("a single job is a graph of its own", () => {
  expect(graphOf([job("build")])).toMatchObject({ width: 184, height: 44, curves: [] });
  expect(graphOf([])).toMatchObject({ width: 0, height: 0, nodes: [] });
});

test("a matrix of 256 jobs is one node until it is opened, and quick in both forms", () => {
  const jobs = [job("build"), ...matrix("test", 256, { needs: ["build"] }), job("package", { needs: ["test"] })];
  const began = performance.now();
  expect(graphOf(jobs).nodes.map(({ node }) => node.id)).toEqual(["build", "test.*", "package"]);
  const opened = graphOf(jobs, ["test"]);
  expect(performance.now() - began).toBeLessThan(1_000);
  expect(overlaps(opened)).toEqual([]);
  const [build, test, last] = opened.nodes;
  expect([test?.width, test?.height, last?.left]).toEqual([720, 212, 984]);
  expect((build?.top ?? 0) + (build?.height ?? 0) / 2).toBe(opened.height / 2);
});

test("the jobs of a matrix stand in its order, whenever they came", () => {
  expect(nodesOf([job("test.10"), job("test.2"), job("lint"), job("test.0")], new Set()).map(({ id }) => id)).toEqual(["test.0", "test.2", "test.10", "lint"]);
});

test("a job that needs a called workflow needs the last jobs of it", () => {
  const nodes = nodesOf([job("deploy/build"), job("deploy/check", { needs: ["deploy/build"] }), job("tell", { needs: ["deploy"] })], new Set());
  expect(linksOf(nodes)).toEqual([
    { from: "deploy/build", to: "deploy/check" },
    { from: "deploy/check", to: "tell" },
  ]);
  expect([groupOf("test.12"), groupOf("deploy/test.3"), groupOf("lint")]).toEqual(["test", "deploy/test", "lint"]);
});

test("values that are out of order share their mean", () => {
  expect(nearestInOrder([1, 5, 3, 10])).toEqual([1, 4, 4, 10]);
  expect(nearestInOrder([3, 2, 1])).toEqual([2, 2, 2]);
});

test("the arrow keys go along the links and within the column", () => {
  const layout = graphOf([job("a"), job("b", { needs: ["a"] }), job("c", { needs: ["a"] })]);
  expect([neighbourOf(layout, "a", "ArrowRight"), neighbourOf(layout, "b", "ArrowDown"), neighbourOf(layout, "c", "ArrowLeft"), neighbourOf(layout, "a", "ArrowUp")]).toEqual(["b", "c", "a", undefined]);
});

test.each([
  [job("lint"), "41 s"],
  [job("test", { status: "running", endedAt: null, startedAt: "2026-11-27T12:03:48Z" }), "1 min 12 s"],
  [job("e2e", { status: "queued", why: "2nd, no runner is free.", startedAt: null, endedAt: null }), "2nd, no runner is free"],
  [job("package", { status: "waiting", needs: ["one", "two"], startedAt: null, endedAt: null }), "for 2 jobs"],
  [job("production", { status: "waiting", needs: ["staging"], startedAt: null, endedAt: null }), "for Staging"],
  [job("staging", { status: "waiting", needs: ["lint"], why: "For #1480, same group.", startedAt: null, endedAt: null }), "for #1480, same group"],
  [job("late", { status: "skipped", why: "Its condition isn't met.", startedAt: null, endedAt: null }), "its condition isn't met"],
])("the second line of %o is %s", (each, text) => {
  const jobs = [each, job("lint"), job("one", { status: "running" }), job("two", { status: "queued" }), ...(each.key === "staging" ? [] : [job("staging", { name: "Staging", status: "waiting" })])];
  expect(noteOf(each, jobs, NOW)).toBe(text);
});

test("a queued job says its place and what it waits for", () => {
  const queued = job("e2e", { status: "queued", startedAt: null, endedAt: null });
  expect(noteOf(queued, [queued], NOW, { position: 2, blocker: "no_runner" })).toBe("2nd, no runner is free");
  expect([1, 3, 4, 11, 22, 113].map(ordinalText)).toEqual(["1st", "3rd", "4th", "11th", "22nd", "113th"]);
});

test("a matrix stands as what fails or runs in it", () => {
  const jobs = [...matrix("test", 2), job("test.2", { status: "running" })];
  expect([matrixStatus(jobs), matrixNote(jobs)]).toEqual(["running", "1 running, 2 succeeded"]);
  expect(matrixStatus(matrix("test", 2))).toBe("succeeded");
});

test("the graph links to the jobs and says their states", async () => {
  render(Graph, { jobs: [job("lint"), ...matrix("test", 9, { needs: ["lint"], status: "queued" })], current: "lint", places: new Map(), hrefOf: ({ key }: Job) => `?job=${key}` });
  const link = screen.getByRole("link", { name: /Succeeded lint 41 s/ });
  expect([link.getAttribute("href"), link.getAttribute("aria-current")]).toEqual(["?job=lint", "true"]);
  screen.getByRole("button", { name: /test, 9 jobs 9 queued/ }).click();
  expect(await screen.findByRole("link", { name: "Queued test (8)" })).toBeTruthy();
});

test("the graph hints at what is beyond its edges", async () => {
  const sizes = { clientWidth: 400, scrollWidth: 900, clientHeight: 200, scrollHeight: 200 };
  for (const [name, value] of Object.entries(sizes)) vi.spyOn(Element.prototype, name as "clientWidth", "get").mockReturnValue(value);
  const { container } = render(Graph, { jobs: [job("lint")], current: "lint", places: new Map(), hrefOf: () => "" });
  const frame = container.querySelector<HTMLElement>(".graph-frame");
  await vi.waitFor(() => expect(frame?.className).toBe("graph-frame has-right"));
  const graph = screen.getByRole("region", { name: "Jobs" });
  graph.scrollLeft = 500;
  await fireEvent.scroll(graph);
  expect(frame?.className).toBe("graph-frame has-left");
  vi.restoreAllMocks();
});

test("a job that no runner can take has no place in the queue", () => {
  const queued = job("train", { status: "queued" });
  expect(noteOf(queued, [queued], 0, { position: 4, blocker: "labels" })).toBe("no runner has its labels");
});

test("a job that waits for a matrix or a called workflow says their names", () => {
  const waiting = job("deploy", { status: "waiting", needs: ["t"] });
  const members = [job("t.0", { name: "Unit tests (1)", status: "running" }), job("t.1", { name: "Unit tests (2)", status: "running" })];
  const called = [job("t/a", { name: "Shared / lint", status: "running" }), job("t/b", { name: "Shared / build", status: "waiting" })];
  expect([noteOf(waiting, [waiting, ...members], 0), noteOf(waiting, [waiting, ...called], 0)]).toEqual(["for Unit tests", "for Shared"]);
});
