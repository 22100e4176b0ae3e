// The ladder as cells: one for each chunk of the film, or for a few of them if there are many.

import type { Chunk, Ladder, LadderRung } from "$/services/video";

export type CellState = "ready" | "encoding" | "again" | "queued" | "failed" | "none";

export interface Cell {
  readonly state: CellState;
  readonly durationS: number;
}

/** More cells can't be told apart. */
export const CELLS_MAX = 96;
/** What isn't uploaded is drawn in parts of this length, if no chunk says how long they are. */
const CHUNK_S = 4;

const STATES: Readonly<Record<string, CellState>> = { r: "ready", e: "encoding", a: "again", q: "queued", f: "failed" };
/** Of several chunks in a cell, what the eye should see. */
const LOUDEST: readonly CellState[] = ["failed", "again", "encoding", "queued", "ready"];

/** How long the film is, as far as anybody knows. */
export function totalOf(ladder: Ladder, durationS: number | null): number {
  const last = ladder.chunks.at(-1);
  return Math.max(durationS ?? 0, last ? last.startS + last.durationS : 0);
}

/** The cells of one rung, from the film's beginning to its end. */
export function cellsOf(rung: LadderRung, ladder: Ladder, totalS: number): readonly Cell[] {
  const group = Math.max(1, Math.ceil((ladder.chunks.length + missingCount(ladder, totalS)) / CELLS_MAX));
  const known = ladder.chunks.map((chunk): Cell => ({ state: stateOf(rung, chunk), durationS: chunk.durationS }));
  return [...known, ...missing(ladder, totalS)].reduce<Cell[]>((cells, cell, index) => {
    const last = cells.at(-1);
    if (index % group === 0 || last === undefined || (last.state === "none") !== (cell.state === "none")) cells.push(cell);
    else cells[cells.length - 1] = { state: louder(last.state, cell.state), durationS: last.durationS + cell.durationS };
    return cells;
  }, []);
}

export function stateOf(rung: LadderRung, chunk: Chunk): CellState {
  if (rung.kind === "video") return STATES[rung.states[chunk.number] ?? "q"] ?? "queued";
  return chunk.startS + chunk.durationS <= rung.readyUntilS + 0.1 ? "ready" : "queued";
}

/** How many of its chunks are ready, for people who don't see the cells. */
export function readyText(rung: LadderRung, ladder: Ladder): string {
  const states = ladder.chunks.map((chunk) => stateOf(rung, chunk));
  const count = (state: CellState): number => states.filter((each) => each === state).length;
  const others = (["encoding", "again", "failed"] as const).filter((state) => count(state) > 0).map((state) => `${count(state)} ${state}`);
  return [`${rung.name}: ${count("ready")} of ${states.length} parts ready`, ...others].join(", ");
}

function missing(ladder: Ladder, totalS: number): readonly Cell[] {
  const count = missingCount(ladder, totalS);
  const restS = totalS - endOf(ladder);
  return Array.from({ length: count }, () => ({ state: "none", durationS: restS / count }));
}

function missingCount(ladder: Ladder, totalS: number): number {
  const endS = endOf(ladder);
  const meanS = ladder.chunks.length ? Math.max(1, endS / ladder.chunks.length) : CHUNK_S;
  return Math.max(0, Math.round((totalS - endS) / meanS));
}

function endOf(ladder: Ladder): number {
  return totalOf(ladder, null);
}

function louder(one: CellState, other: CellState): CellState {
  return LOUDEST.find((state) => state === one || state === other) ?? one;
}
