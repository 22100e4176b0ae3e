import { expect, test } from "vitest";

import { findTyped, piecesOf, positionAfter, premoveTargets, spoken, takenOf, typedPremove } from "$/systems/chess/game/rules";

const START = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1";
const BISHOP_AND_PAWN = "4k3/8/8/8/8/2p5/1P1B4/4K3 w - - 0 1";
const PROMOTION = "8/4P2k/8/8/8/8/8/4K3 w - - 0 1";
const CASTLING = "r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1";

const typed: [string, string, string | undefined][] = [
  [START, "Nf3", "g1f3"],
  [START, "nf3", "g1f3"],
  [START, "e4", "e2e4"],
  [START, " e4 ", "e2e4"],
  [START, "g1f3", "g1f3"],
  [START, "g1-f3", "g1f3"],
  [START, "e5", undefined],
  [START, "Nf6", undefined],
  [START, "", undefined],
  [START, "N", undefined],
  [BISHOP_AND_PAWN, "bxc3", "b2c3"],
  [BISHOP_AND_PAWN, "Bxc3", "d2c3"],
  [BISHOP_AND_PAWN, "bc3", undefined],
  [PROMOTION, "e8=N", "e7e8n"],
  [PROMOTION, "e8q", "e7e8q"],
  [PROMOTION, "e7e8", "e7e8q"],
  [PROMOTION, "e7e8r", "e7e8r"],
  [PROMOTION, "e8", undefined],
  [CASTLING, "O-O", "e1g1"],
  [CASTLING, "0-0-0", "e1c1"],
  [CASTLING, "oo", "e1g1"],
];
test.each(typed)("in %s, %j is %s", (fen, text, uci) => {
  expect(findTyped(positionAfter(fen, []), text)?.uci).toBe(uci);
});

test("a position is that after the moves, with its last move and the king in check", () => {
  const position = positionAfter(START, ["e2e4", "f7f6", "d1h5"]);
  expect([position.turn, position.last?.san, position.checked, position.legal.map((move) => move.san)]).toEqual(["black", "Qh5+", "e8", ["g6"]]);
});

test("a move that isn't legal ends the line", () => {
  expect(positionAfter(START, ["e2e4", "e2e4", "e7e5"]).last?.san).toBe("e4");
});

const targets: [string, string, number, string[]][] = [
  [START, "g1", 3, ["e2", "f3", "h3"]],
  [START, "e2", 4, ["d3", "e3", "e4", "f3"]],
  [START, "e7", 4, ["d6", "e5", "e6", "f6"]],
  [START, "a1", 14, ["a8", "h1"]],
  [START, "e1", 7, ["c1", "g1", "e2"]],
  [START, "e4", 0, []],
];
test.each(targets)("in %s, a premove from %s has %i targets", (fen, square, count, some) => {
  const found = premoveTargets(fen, square);
  expect(found).toHaveLength(count);
  expect(found).toEqual(expect.arrayContaining(some));
});

test.each([
  [START, "", ""],
  ["rnbqkbnr/ppp1pppp/8/3P4/8/8/PPPP1PPP/RNBQKBNR b KQkq - 0 2", "p", ""],
  // White's pawn became a second queen, and took a rook.
  ["Qnbqkbnr/1ppppppp/8/8/8/8/1PPPPPPP/RNBQKBNR b KQk - 0 5", "rp", ""],
])("%s lacks %j of Black's", (fen, black, white) => {
  expect([takenOf(START, fen, "black"), takenOf(START, fen, "white")]).toEqual([black, white]);
});

test("the pieces of a FEN are by square", () => {
  expect([...piecesOf(PROMOTION)]).toEqual([["e7", "wp"], ["h7", "bk"], ["e1", "wk"]]);
});

test.each([
  ["e4", "pawn to e4"],
  ["exd5", "e pawn takes d5"],
  ["Nf3", "knight to f3"],
  ["Nbd2", "knight b to d2"],
  ["R1xe5+", "rook 1 takes e5, check"],
  ["Qh4e1", "queen h4 to e1"],
  ["e8=Q#", "pawn to e8, becomes a queen, checkmate"],
  ["O-O", "castles kingside"],
  ["O-O-O+", "castles queenside, check"],
])("%s is spoken as %j", (san, words) => {
  expect(spoken(san)).toBe(words);
});

test.each([
  ["g8f6", { from: "g8", to: "f6", promotion: "" }],
  [" G8-F6 ", { from: "g8", to: "f6", promotion: "" }],
  ["g1f3", undefined],
  ["g8g6", undefined],
  ["Nf6", undefined],
])("the premove %s of Black, while White is to move, is %j", (text, expected) => {
  expect(typedPremove(START, text)).toEqual(expected);
});
