// What is said of games, moves and ends.

import type { Colour, GameView, PlayerInGame } from "$/services/chess";

export function colourName(colour: Colour): string {
  return colour === "white" ? "White" : "Black";
}

/** `18.` for White's move, `18…` for Black's. */
export function moveNumber(ply: number, first: Colour): string {
  const half = ply + (first === "black" ? 1 : 0);
  return half % 2 === 1 ? `${(half + 1) / 2}.` : `${half / 2}…`;
}

export function titleOf(view: Pick<GameView, "white" | "black">): string {
  return `${view.white.name} – ${view.black.name}`;
}

/** Such as `1702`, `1500?` while it is provisional, or nothing. */
export function ratingText(player: Pick<PlayerInGame, "rating" | "isProvisional">): string {
  return player.rating === null ? "" : `${Math.round(player.rating)}${player.isProvisional ? "?" : ""}`;
}

/** `+8`, `−8` or `0`. */
export function changeText(change: number): string {
  const rounded = Math.round(change);
  return rounded > 0 ? `+${rounded}` : rounded < 0 ? `−${-rounded}` : "0";
}

/** Whether a game never really began. */
export function isAborted(reason: string | null): boolean {
  return reason === "aborted" || reason === "not_started";
}

export function resultText(winner: Colour | null, reason: string | null): string {
  if (isAborted(reason)) return "–";
  return winner === "white" ? "1–0" : winner === "black" ? "0–1" : "½–½";
}

const REASONS: Readonly<Record<string, (loser: string, winner: string) => string>> = {
  checkmate: (_loser, winner) => `${winner} wins by checkmate.`,
  resignation: (loser, winner) => `${loser} resigned; ${winner} wins.`,
  flag: (loser, winner) => `${loser}'s time was up; ${winner} wins.`,
  abandonment: (loser, winner) => (winner ? `${loser} left; ${winner} wins.` : "A player left: a draw."),
  stalemate: () => "A draw: stalemate.",
  threefold: () => "A draw: the same position three times.",
  fivefold: () => "A draw: the same position five times.",
  fifty_moves: () => "A draw: fifty moves without a capture or a pawn move.",
  seventy_five_moves: () => "A draw: seventy-five moves without a capture or a pawn move.",
  insufficient_material: () => "A draw: nobody can give mate.",
  agreement: () => "A draw by agreement.",
  flag_insufficient: () => "A draw: time was up, but the other side couldn't give mate.",
  aborted: () => "The game was aborted.",
  not_started: () => "The game was aborted: a first move didn't come in time.",
};

export function endText(winner: Colour | null, reason: string | null): string {
  const name = winner ? colourName(winner) : "";
  const loser = winner ? colourName(winner === "white" ? "black" : "white") : "";
  return REASONS[reason ?? ""]?.(loser, name) ?? "The game has ended.";
}
