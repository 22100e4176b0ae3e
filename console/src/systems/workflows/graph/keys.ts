// Going from node to node with the arrow keys.

import type { Curve, Layout, Placed } from "./layout";

/** The node that an arrow leads to; undefined if there is none. */
export function neighbourOf(layout: Layout, id: string, key: string): string | undefined {
  const here = layout.nodes.find(({ node }) => node.id === id);
  if (!here) return undefined;
  if (key === "ArrowDown" || key === "ArrowUp") return vertical(layout, here, key === "ArrowDown" ? 1 : -1);
  if (key === "ArrowRight") return linked(layout, here, ({ from }) => from === id, ({ to }) => to);
  if (key === "ArrowLeft") return linked(layout, here, ({ to }) => to === id, ({ from }) => from);
  return undefined;
}

function vertical(layout: Layout, here: Placed, by: number): string | undefined {
  const column = layout.nodes.filter((each) => each.column === here.column).sort((one, other) => one.top - other.top);
  return column[column.indexOf(here) + by]?.node.id;
}

/** Of the linked nodes, the one that stands nearest to the same height. */
function linked(layout: Layout, here: Placed, isLinked: (curve: Curve) => boolean, idOf: (curve: Curve) => string): string | undefined {
  const ids = new Set(layout.curves.filter(isLinked).map(idOf));
  const found = layout.nodes.filter(({ node }) => ids.has(node.id));
  return found.sort((one, other) => Math.abs(one.top - here.top) - Math.abs(other.top - here.top))[0]?.node.id;
}
