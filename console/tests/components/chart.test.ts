import { fireEvent, render, screen } from "@testing-library/svelte";
import { expect, test } from "vitest";

import Chart from "$/components/Chart.svelte";
import { areaPath, dotsPath, linePath, nameTops, scaleOf, shareScale, topOf } from "$/components/chart";

test.each([
  [[0, null], 1],
  [[3, 412], 500],
  [[0.003], 0.005],
  [[1_000], 1_000],
])("the scale of %j ends at a round number: %d", (values, max) => {
  expect(scaleOf([{ name: "a", values }]).max).toBeCloseTo(max, 10);
});

test.each([
  [[100, null, 98.7], 98],
  [[100], 99],
  [[12], 0],
])("the scale of shares %j begins at %d", (values, min) => {
  expect(shareScale(values)).toEqual({ min, max: 100 });
});

test("a gap in the values is a gap in the line, and in the area", () => {
  const scale = { min: 0, max: 10 };
  expect(linePath([0, 10, null, 5], scale)).toBe("M0 100L200 0M600 50h2");
  expect(areaPath([0, 10, null, 5], scale)).toBe("M0 100L200 0L200 100L0 100Z");
  expect(topOf(20, scale)).toBe(0);
});

test("a value between gaps and the latest one are dots, so that a chart with one value isn't empty", () => {
  const scale = { min: 0, max: 10 };
  expect(dotsPath([0, null, 5, 10, null], scale)).toBe("M0 100h0M450 0h0");
  expect(dotsPath([null, null], scale)).toBe("");
});

test("the names of lines that end at the same value stand above each other", () => {
  const series = ["p50", "p95", "p99"].map((name) => ({ name, values: [1] }));
  expect(nameTops(series, { min: 0, max: 10 })).toEqual([90, 78, 66]);
});

test("the keys choose a point, whose values are shown and said, and a table has all of them", async () => {
  const { container } = render(Chart, {
    title: "Throughput",
    figures: [{ value: "412", unit: "deliveries/s" }],
    series: [{ name: "deliveries/s", values: [400, null, 412] }],
    times: ["11:04", "11:05", "11:06"],
    valueText: String,
  });
  const plot = screen.getByRole("slider", { name: "Throughput" });
  expect(plot.getAttribute("aria-valuetext")).toBe("11:06: deliveries/s 412");
  await fireEvent.keyDown(plot, { key: "Home" });
  expect(plot.getAttribute("aria-valuetext")).toBe("11:04: deliveries/s 400");
  expect(container.querySelector(".chart-tip")?.textContent).toContain("400");
  expect([...container.querySelectorAll("tbody tr")].map((row) => row.textContent)).toEqual(["11:04400", "11:06412"]);
});

test("a chart without values says so", () => {
  render(Chart, { title: "Throughput", figures: [], series: [{ name: "a", values: [null] }], times: ["11:04"], valueText: String });
  expect(screen.getByText("Nothing was sent in this time.")).toBeTruthy();
});
