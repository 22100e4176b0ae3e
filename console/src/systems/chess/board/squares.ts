// The squares of a board as it is seen from one side.

import type { Colour } from "$/services/chess";

export interface BoardSquare {
  readonly name: string;
  readonly isLight: boolean;
}

/** The rows from top to bottom, each from left to right. */
export function rowsOf(orientation: Colour): readonly (readonly BoardSquare[])[] {
  const ranks = [8, 7, 6, 5, 4, 3, 2, 1];
  const files = [..."abcdefgh"];
  const rows = ranks.map((rank) => files.map((file, index) => ({ name: `${file}${rank}`, isLight: (index + rank) % 2 === 0 })));
  return orientation === "white" ? rows : rows.reverse().map((row) => [...row].reverse());
}

/** The square beside another one as it is seen, or the same one at the edge. */
export function stepFrom(square: string, [right, up]: readonly [number, number], orientation: Colour): string {
  const sign = orientation === "white" ? 1 : -1;
  const inside = (value: number): number => Math.max(0, Math.min(7, value));
  const file = inside(square.charCodeAt(0) - 97 + sign * right);
  const rank = inside(Number(square[1]) - 1 + sign * up);
  return `${"abcdefgh"[file]}${rank + 1}`;
}
