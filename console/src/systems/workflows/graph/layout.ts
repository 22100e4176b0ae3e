// Where the nodes of a graph stand: in columns by what they need, near what they need, with curves between them.

import type { GraphNode, Link } from "./nodes";

const NODE_WIDTH = 184;
const NODE_HEIGHT = 44;
/** An open matrix is a line above its tiles, which fill one column after the other. */
const HEAD_HEIGHT = 28;
export const TILE_ROWS = 8;
const TILE = 22;
const PADDING = 8;
/** What a curve takes in a column that it passes. */
const PASSING_HEIGHT = 12;
const GAP = 8;
const COLUMN_GAP = 40;
const SWEEPS = 4;

export interface Placed {
  readonly node: GraphNode;
  readonly column: number;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}
export interface Curve {
  readonly from: string;
  readonly to: string;
  readonly path: string;
}
export interface Layout {
  readonly nodes: readonly Placed[];
  readonly curves: readonly Curve[];
  readonly width: number;
  readonly height: number;
}

/** A node, or a curve that passes a column. */
interface Item {
  readonly id: string;
  readonly column: number;
  readonly height: number;
  readonly node: GraphNode | null;
  readonly before: Item[];
  readonly after: Item[];
  center: number;
}

/** Place the nodes. Links from a node to one that it needs itself are ignored where they would close a circle. */
export function layOut(nodes: readonly GraphNode[], links: readonly Link[]): Layout {
  const columnsById = columnsOf(nodes, links);
  const items = new Map(nodes.map((node) => [node.id, newItem(node.id, columnsById.get(node.id) ?? 0, heightOf(node), node)]));
  const chains = links.map((link) => chainOf(link, items)).filter((chain) => chain.length > 1);
  const columns = intoColumns([...items.values(), ...chains.flatMap((chain) => chain.slice(1, -1))]);
  for (let sweep = 0; sweep < SWEEPS; sweep++) orderColumns(columns, sweep % 2 === 0);
  for (const column of columns) stack(column);
  for (const isForward of [false, true, false, true]) placeColumns(columns, isForward);
  const all = columns.flat();
  const lefts = leftsOf(columns);
  const top = all.length ? Math.min(...all.map((item) => item.center - item.height / 2)) : 0;
  for (const item of all) item.center -= top;
  return {
    nodes: all.flatMap((item) => (item.node ? [placed(item, item.node, lefts)] : [])),
    curves: chains.map((chain) => ({ from: chain[0]?.id ?? "", to: chain.at(-1)?.id ?? "", path: pathOf(chain, lefts) })),
    width: Math.max(0, (lefts.at(-1) ?? 0) - COLUMN_GAP),
    height: Math.max(0, ...all.map((item) => item.center + item.height / 2)),
  };
}

/** The column of each node: one after the last of those that it needs. */
function columnsOf(nodes: readonly GraphNode[], links: readonly Link[]): ReadonlyMap<string, number> {
  const needs = new Map<string, string[]>();
  for (const { from, to } of links) needs.set(to, [...(needs.get(to) ?? []), from]);
  const columns = new Map<string, number>();
  const columnOf = (id: string, under: ReadonlySet<string>): number => {
    const known = columns.get(id);
    if (known !== undefined) return known;
    const wanted = (needs.get(id) ?? []).filter((each) => !under.has(each));
    const column = wanted.length ? 1 + Math.max(...wanted.map((each) => columnOf(each, new Set([...under, id])))) : 0;
    columns.set(id, column);
    return column;
  };
  for (const node of nodes) columnOf(node.id, new Set());
  return columns;
}

/** A link as the items that it goes through: its ends, and one for each column in between. */
function chainOf({ from, to }: Link, items: ReadonlyMap<string, Item>): Item[] {
  const [first, last] = [items.get(from), items.get(to)];
  if (!first || !last || first.column >= last.column) return [];
  const passing = Array.from({ length: last.column - first.column - 1 }, (_, at) => newItem(`${from}>${to}`, first.column + at + 1, PASSING_HEIGHT, null));
  const chain = [first, ...passing, last];
  chain.slice(1).forEach((item, at) => {
    const previous = chain[at];
    if (!previous) return;
    item.before.push(previous);
    previous.after.push(item);
  });
  return chain;
}

function intoColumns(items: readonly Item[]): Item[][] {
  const columns: Item[][] = [];
  for (const item of items) (columns[item.column] ??= []).push(item);
  return Array.from(columns, (column) => column ?? []);
}

/** Bring the items of each column into the order of their neighbours, so that few curves cross. */
function orderColumns(columns: Item[][], isForward: boolean): void {
  for (const column of isForward ? columns : columns.toReversed()) {
    const ranks = new Map(columns.flatMap((each) => each.map((item, rank) => [item, rank / Math.max(1, each.length)] as const)));
    const wanted = new Map(column.map((item) => [item, meanOf(neighbours(item, isForward).map((each) => ranks.get(each) ?? 0)) ?? ranks.get(item) ?? 0]));
    column.sort((one, other) => (wanted.get(one) ?? 0) - (wanted.get(other) ?? 0));
  }
}

function stack(column: readonly Item[]): void {
  let top = 0;
  for (const item of column) {
    item.center = top + item.height / 2;
    top += item.height + GAP;
  }
}

/** Move the items of each column as near to their neighbours as the order allows. */
function placeColumns(columns: readonly Item[][], isForward: boolean): void {
  for (const column of isForward ? columns : columns.toReversed()) {
    const wanted = column.map((item) => meanOf(neighbours(item, isForward).map(({ center }) => center)) ?? item.center);
    // Without the distances, the order is all that is asked of the places.
    const offsets = offsetsOf(column);
    const places = nearestInOrder(wanted.map((center, at) => center - (offsets[at] ?? 0)));
    column.forEach((item, at) => (item.center = (places[at] ?? 0) + (offsets[at] ?? 0)));
  }
}

/** How far the centers of a column are below its first one at least. */
function offsetsOf(column: readonly Item[]): number[] {
  let offset = 0;
  return column.map((item, at) => {
    const previous = column[at - 1];
    if (previous) offset += (previous.height + item.height) / 2 + GAP;
    return offset;
  });
}

/** The values in ascending order that differ least from these (isotonic regression, by pooling neighbours). */
export function nearestInOrder(values: readonly number[]): number[] {
  const pools: { sum: number; count: number }[] = [];
  for (const value of values) {
    pools.push({ sum: value, count: 1 });
    for (let last = pools.at(-1), previous = pools.at(-2); last && previous && previous.sum / previous.count > last.sum / last.count; last = pools.at(-1), previous = pools.at(-2)) {
      pools.splice(-2, 2, { sum: previous.sum + last.sum, count: previous.count + last.count });
    }
  }
  return pools.flatMap(({ sum, count }) => Array.from({ length: count }, () => sum / count));
}

function pathOf(chain: readonly Item[], lefts: readonly number[]): string {
  const half = COLUMN_GAP / 2;
  return chain
    .slice(1)
    .map((item, at) => {
      const previous = chain[at];
      const left = lefts[item.column] ?? 0;
      const right = left - COLUMN_GAP;
      const [from, to] = [round(previous?.center ?? 0), round(item.center)];
      // A node that is narrower than its column ends before the curve begins.
      const begin = at === 0 ? `M${(lefts[previous?.column ?? 0] ?? 0) + widthOf(previous?.node ?? null)} ${from}` : "";
      return `${begin}H${right}C${right + half} ${from} ${right + half} ${to} ${left} ${to}`;
    })
    .join("");
}

/** Where each column begins, and where one after the last would. */
function leftsOf(columns: readonly (readonly Item[])[]): number[] {
  const lefts = [0];
  for (const column of columns) lefts.push((lefts.at(-1) ?? 0) + Math.max(...column.map(({ node }) => widthOf(node))) + COLUMN_GAP);
  return lefts;
}

function placed(item: Item, node: GraphNode, lefts: readonly number[]): Placed {
  return { node, column: item.column, left: lefts[item.column] ?? 0, top: round(item.center - item.height / 2), width: widthOf(node), height: item.height };
}

function newItem(id: string, column: number, height: number, node: GraphNode | null): Item {
  return { id, column, height, node, before: [], after: [], center: 0 };
}

function heightOf(node: GraphNode): number {
  return node.kind === "matrix" && node.isOpen ? HEAD_HEIGHT + Math.min(TILE_ROWS, node.jobs.length) * TILE + PADDING : NODE_HEIGHT;
}

function widthOf(node: GraphNode | null): number {
  return node?.kind === "matrix" && node.isOpen ? Math.max(NODE_WIDTH, Math.ceil(node.jobs.length / TILE_ROWS) * TILE + 2 * PADDING) : NODE_WIDTH;
}

function neighbours(item: Item, isForward: boolean): readonly Item[] {
  return isForward ? item.before : item.after;
}

function meanOf(values: readonly number[]): number | undefined {
  return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : undefined;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
