// The rules, as far as the page needs them: what may be moved, what a typed move means, how a position looks. The server
// decides; this only spares a person what it would reject. chess.js does the work.

import { Chess, type Move, type Square } from "chess.js";

import type { Colour } from "$/services/chess";

export interface LegalMove {
  readonly from: string;
  readonly to: string;
  readonly san: string;
  readonly uci: string;
  readonly isCapture: boolean;
  readonly isPromotion: boolean;
}

/** A position with what the page shows of it. */
export interface Position {
  readonly fen: string;
  readonly turn: Colour;
  /** The last move, or nothing before the first one. */
  readonly last: LegalMove | undefined;
  /** Where the king stands that is in check. */
  readonly checked: string | undefined;
  /** Whether who is to move can claim a draw: the third time of a position, or fifty moves without progress. */
  readonly isDrawClaimable: boolean;
  readonly legal: readonly LegalMove[];
}

/** Play moves from a position, as far as they are legal. */
export function positionAfter(initialFen: string, ucis: readonly string[]): Position {
  const chess = new Chess(initialFen);
  let last: Move | undefined;
  for (const uci of ucis) {
    const played = tryMove(chess, uci);
    if (!played) break;
    last = played;
  }
  const turn = chess.turn();
  return {
    fen: chess.fen(),
    turn: turn === "w" ? "white" : "black",
    last: last && legalMove(last),
    checked: chess.isCheck() ? chess.findPiece({ type: "k", color: turn })[0] : undefined,
    isDrawClaimable: chess.isThreefoldRepetition() || chess.isDrawByFiftyMoves(),
    legal: chess.moves({ verbose: true }).map(legalMove),
  };
}

/** Find the move that a person typed: `Nf3`, `nf3`, `exd5`, `e8=Q`, `O-O`, `0-0`, `g1f3` or `g1-f3`. */
export function findTyped(position: Position, text: string): LegalMove | undefined {
  const wanted = plain(text);
  if (!wanted) return undefined;
  // `bxc3` is a pawn's, `Bxc3` a bishop's: the exact case wins.
  const byCase = position.legal.filter((move) => plain(move.san) === wanted || move.uci === wanted);
  if (byCase.length === 1) return byCase[0];
  const lower = wanted.toLowerCase();
  const found = position.legal.filter((move) => plain(move.san).toLowerCase() === lower || move.uci === lower || move.uci === `${lower}q`);
  return found.length === 1 ? found[0] : undefined;
}

/** The piece on a square of a FEN, such as `wn`; nothing if it is empty. */
export function pieceOn(fen: string, square: string): string | undefined {
  return piecesOf(fen).get(square);
}

/** All pieces of a FEN by their squares. */
export function piecesOf(fen: string): ReadonlyMap<string, string> {
  const pieces = new Map<string, string>();
  for (const [row, text] of (fen.split(" ")[0] ?? "").split("/").entries()) {
    let file = 0;
    for (const letter of text) {
      if (/\d/.test(letter)) file += Number(letter);
      else {
        const colour = letter === letter.toUpperCase() ? "w" : "b";
        pieces.set(`${"abcdefgh"[file]}${8 - row}`, colour + letter.toLowerCase());
        file += 1;
      }
    }
  }
  return pieces;
}

/** The pieces of a colour that were taken since the initial position, as letters, the most valuable first. */
export function takenOf(initialFen: string, fen: string, colour: Colour): string {
  const count = (text: string, type: string): number =>
    [...piecesOf(text).values()].filter((piece) => piece === (colour === "white" ? "w" : "b") + type).length;
  const missing = (type: string): number => Math.max(0, count(initialFen, type) - count(fen, type));
  // A pawn that became another piece wasn't taken.
  const promoted = ["q", "r", "b", "n"].reduce((sum, type) => sum + Math.max(0, count(fen, type) - count(initialFen, type)), 0);
  return ["q", "r", "b", "n"].map((type) => type.repeat(missing(type))).join("") + "p".repeat(Math.max(0, missing("p") - promoted));
}

/** Where a piece could go if the other player's move made room: what a premove may aim at. */
export function premoveTargets(fen: string, square: string): readonly string[] {
  const piece = pieceOn(fen, square);
  if (!piece) return [];
  const [file, rank] = [square.charCodeAt(0) - 97, Number(square[1]) - 1];
  const reaches = REACH[piece[1] ?? ""];
  const targets: string[] = [];
  for (let toFile = 0; toFile < 8; toFile += 1) {
    for (let toRank = 0; toRank < 8; toRank += 1) {
      const [across, up] = [toFile - file, (toRank - rank) * (piece[0] === "w" ? 1 : -1)];
      const fromHome = piece[0] === "w" ? rank : 7 - rank;
      if ((across || up) && reaches?.(across, up, fromHome, file)) targets.push(`${"abcdefgh"[toFile]}${toRank + 1}`);
    }
  }
  return targets;
}

/** The premove that a person typed, such as `g1f3` or `e7e8q`, if a piece of theirs could go there. */
export function typedPremove(fen: string, text: string): { from: string; to: string; promotion: string } | undefined {
  const [, from = "", to = "", promotion = ""] = /^([a-h][1-8])-?([a-h][1-8])([qrbn]?)$/.exec(text.trim().toLowerCase()) ?? [];
  const isOwn = pieceOn(fen, from)?.[0] !== fen.split(" ")[1];
  return isOwn && premoveTargets(fen, from).includes(to) ? { from, to, promotion } : undefined;
}

type Reach = (across: number, up: number, fromHome: number, file: number) => boolean;

const isStraight: Reach = (across, up) => across === 0 || up === 0;
const isDiagonal: Reach = (across, up) => Math.abs(across) === Math.abs(up);
const REACH: Readonly<Record<string, Reach>> = {
  p: (across, up, fromHome) => (up === 1 && Math.abs(across) <= 1) || (up === 2 && across === 0 && fromHome === 1),
  n: (across, up) => Math.abs(across * up) === 2,
  b: isDiagonal,
  r: isStraight,
  q: (...to) => isStraight(...to) || isDiagonal(...to),
  k: (across, up, fromHome, file) =>
    Math.max(Math.abs(across), Math.abs(up)) === 1 || (up === 0 && Math.abs(across) === 2 && fromHome === 0 && file === 4),
};

const NAMES: Readonly<Record<string, string>> = { k: "king", q: "queen", r: "rook", b: "bishop", n: "knight", p: "pawn" };

/** Such as `white knight`. */
export function pieceName(piece: string): string {
  return `${piece[0] === "w" ? "white" : "black"} ${NAMES[piece[1] ?? ""]}`;
}

/** A move as it is spoken: `Nxf3+` is `knight takes f3, check`. */
export function spoken(san: string): string {
  const end = san.endsWith("#") ? ", checkmate" : san.endsWith("+") ? ", check" : "";
  if (san.startsWith("O-O-O")) return `castles queenside${end}`;
  if (san.startsWith("O-O")) return `castles kingside${end}`;
  const parts = /^([KQRBN]?)([a-h]?[1-8]?)(x?)([a-h][1-8])(?:=([QRBN]))?/.exec(san);
  if (!parts) return san;
  const [, letter = "", from = "", takes = "", to = "", promotion] = parts;
  const piece = letter ? NAMES[letter.toLowerCase()] : from && takes ? `${from} pawn` : "pawn";
  const source = letter && from ? ` ${from}` : "";
  return `${piece}${source} ${takes ? "takes" : "to"} ${to}${promotion ? `, becomes a ${NAMES[promotion.toLowerCase()]}` : ""}${end}`;
}

function tryMove(chess: Chess, uci: string): Move | undefined {
  try {
    const promotion = uci[4];
    return chess.move({ from: uci.slice(0, 2), to: uci.slice(2, 4), ...(promotion ? { promotion } : {}) });
  } catch {
    return undefined;
  }
}

function legalMove(move: Move): LegalMove {
  const { from, to, san, promotion } = move as { from: Square; to: Square; san: string; promotion?: string };
  return { from, to, san, uci: `${from}${to}${promotion ?? ""}`, isCapture: move.captured !== undefined, isPromotion: promotion !== undefined };
}

function plain(text: string): string {
  return text.trim().replace(/[+#!?=-]/g, "").replace(/0/g, "O").replace(/^([a-h][1-8])x([a-h][1-8])/, "$1$2");
}
