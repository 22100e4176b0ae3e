// Own moves that aren't committed outlive a reload of the page, with their ids: what is sent again is played once.

import type { OwnMove } from "./state";

export function keepOwnMoves(gameId: string, moves: readonly OwnMove[]): void {
  const open = moves.filter(({ phase }) => phase === "unsent" || phase === "sent");
  // Storage may be denied; then a reload forgets.
  try {
    if (open.length) sessionStorage.setItem(keyOf(gameId), JSON.stringify(open));
    else sessionStorage.removeItem(keyOf(gameId));
  } catch {
    return;
  }
}

export function readOwnMoves(gameId: string): readonly OwnMove[] {
  try {
    const kept = JSON.parse(sessionStorage.getItem(keyOf(gameId)) ?? "[]") as OwnMove[];
    return kept.map((move) => ({ ...move, phase: "unsent" }));
  } catch {
    return [];
  }
}

function keyOf(gameId: string): string {
  return `chess.own:${gameId}`;
}
