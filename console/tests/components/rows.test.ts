import { render } from "@testing-library/svelte";
import { createRawSnippet } from "svelte";
import { expect, test } from "vitest";

import Rows from "$/components/Rows.svelte";

const row = createRawSnippet((item: () => number) => ({ render: () => `<tr data-row="${item()}"><td>${item()}</td></tr>` }));

function rowsOf(count: number): NodeListOf<Element> {
  const items = Array.from({ length: count }, (_, index) => index);
  const table = document.body.appendChild(document.createElement("table"));
  render(Rows<number>, { target: table, props: { items, idOf: String, row, columns: 1 } });
  return table.querySelectorAll("tr[data-row]");
}

test("a short list is shown whole", () => {
  expect(rowsOf(100)).toHaveLength(100);
});

test("a list of 100,000 opens like one of 100", () => {
  expect(rowsOf(100_000).length).toBeLessThan(200);
});
