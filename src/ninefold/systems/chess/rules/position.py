"""Positions: legal moves, FEN and SAN, on the board of `rust-chess`.

The library finds the legal moves. What it has no answer for is here: its counters of moves overflow at 256, its FEN
names the pawn instead of the square behind it for en passant, it writes no SAN, and reads only a part of it.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final

import rust_chess

from ninefold.systems.chess.errors import InvalidFenError
from ninefold.systems.chess.model import START_FEN, Colour

PLIES_MAX: Final = 1_200
"""The longest game; Lichess's limit is 600 moves, too. Longer ones end in a draw by the seventy-five-move rule anyway,
unless both players want otherwise."""

_PIECES_MAX: Final = 16
_FIELDS: Final = 6
_HALFMOVES_MAX: Final = 149
_FULLMOVES_MAX: Final = 9_999
_KEY_BYTES: Final = 8
_NO_REPETITIONS: Final = rust_chess.RepetitionDetectionMode.NONE
_CASTLING: Final = re.compile(r"-|K?Q?k?q?", re.ASCII)
_EN_PASSANT: Final = re.compile(r"-|[a-h][36]", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{1,4}", re.ASCII)
_SAN: Final = re.compile(
    r"(?P<piece>[KQRBN]?)(?P<file>[a-h]?)(?P<rank>[1-8]?)x?(?P<target>[a-h][1-8])(?:=?(?P<promotion>[QRBN]))?", re.ASCII
)
_SAN_ENDING: Final = re.compile(r"[+#]?[!?]{0,2}$", re.ASCII)


class IllegalMoveError(ValueError):
    """A move isn't possible in a position."""


class Position:
    """A position with its counters; it never changes.

    Args:
        board: of the library, which is never changed either.
        halfmoves: plies since the last capture or move of a pawn.
        fullmoves: the number of the move, from 1, as FEN counts.
    """

    def __init__(self, board: rust_chess.Board, *, halfmoves: int, fullmoves: int) -> None:
        self._board: Final = board
        self.halfmoves: Final = halfmoves
        self._fullmoves: Final = fullmoves

    @classmethod
    def parse(cls, fen: str = START_FEN) -> "Position":
        """Return the position of a FEN with all six fields.

        Raises:
            InvalidFenError: it isn't one, or the position can't be played: a king is missing, or could be captured.
        """
        fields = fen.split(" ")
        if len(fields) != _FIELDS:
            raise _invalid("It needs six fields, separated by single spaces.")
        placement, turn, castling, en_passant, halfmoves, fullmoves = fields
        if not (_CASTLING.fullmatch(castling) and _EN_PASSANT.fullmatch(en_passant)):
            raise _invalid("The fields for castling and en passant are like `KQkq` and `e3`, or `-`.")
        _check_counters(halfmoves, fullmoves)
        _check_pieces(placement)
        try:
            board = rust_chess.Board(f"{placement} {turn} {castling or '-'} {en_passant} 0 1", _NO_REPETITIONS)
        except ValueError as error:
            raise _invalid(
                "Each side needs one king, castling its king and rook, and the side to move can't capture a king."
            ) from error
        return cls(board, halfmoves=int(halfmoves), fullmoves=int(fullmoves))

    @cached_property
    def placement(self) -> str:
        """The first field of the FEN: where the pieces are."""
        return self._head[0]

    @property
    def turn(self) -> Colour:
        """Whose turn it is."""
        return "white" if self._head[1] == "w" else "black"

    @cached_property
    def fen(self) -> str:
        """The position in Forsyth-Edwards Notation; en passant only where it is a legal move."""
        return f"{self._identity} {self.halfmoves} {self._fullmoves}"

    @cached_property
    def key(self) -> str:
        """What tells positions apart for repetition (FIDE Laws 9.2.3): 16 hexadecimal digits.

        The first 8 bytes of the SHA-256 digest of the first four fields of the FEN.
        """
        return hashlib.sha256(self._identity.encode()).digest()[:_KEY_BYTES].hex()

    @cached_property
    def legal_moves(self) -> Sequence[str]:
        """All legal moves, as UCI."""
        return list(self._moves)

    @cached_property
    def is_check(self) -> bool:
        """Whether the king of the side to move is attacked."""
        return self._board.is_check()

    @property
    def is_checkmate(self) -> bool:
        """Whether the side to move has lost."""
        return self.is_check and not self.legal_moves

    @property
    def is_stalemate(self) -> bool:
        """Whether the side to move can't move and isn't in check."""
        return not self.is_check and not self.legal_moves

    def play(self, uci: str) -> "Position":
        """Return the position after a move.

        Raises:
            IllegalMoveError: it isn't legal, or not UCI such as `e2e4` or `e7e8q`.
        """
        move = self._read(uci)
        is_zeroing = self._board.is_zeroing(move)
        return Position(
            self._board.make_move_new(move),
            halfmoves=0 if is_zeroing else self.halfmoves + 1,
            fullmoves=self._fullmoves + (self.turn == "black"),
        )

    def san_of(self, uci: str) -> str:
        """Return a legal move in Standard Algebraic Notation, such as `Nbxd7+`.

        Raises:
            IllegalMoveError: it isn't legal.
        """
        move = self._read(uci)
        after = self.play(uci)
        ending = "#" if after.is_checkmate else "+" if after.is_check else ""
        if self._board.is_castling(move):
            return ("O-O" if uci[2] == "g" else "O-O-O") + ending
        piece = self._piece_on(move.source)
        taking = "x" if self._board.is_capture(move) else ""
        if piece == "P":
            promotion = f"={uci[4].upper()}" if len(uci) > 4 else ""  # noqa: PLR2004  # after both squares.
            return f"{uci[0] if taking else ''}{taking}{uci[2:4]}{promotion}{ending}"
        return f"{piece}{self._origin(uci, piece)}{taking}{uci[2:4]}{ending}"

    def read_san(self, san: str) -> str:
        """Return the UCI of a move in Standard Algebraic Notation; check marks and annotations may be missing.

        Raises:
            IllegalMoveError: no legal move, or more than one, is written so.
        """
        text = _SAN_ENDING.sub("", san.strip())
        if text.replace("0", "O") in ("O-O", "O-O-O"):
            file = "c" if len(text) > 3 else "g"  # noqa: PLR2004  # longer than `O-O`.
            found = [uci for uci in self.legal_moves if uci[0] == "e" and uci[2] == file and self._is_castling(uci)]
        else:
            found = self._matching(text)
        if len(found) != 1:
            raise IllegalMoveError(f"{san[:16]!r} isn't one legal move here.")
        return found[0]

    @cached_property
    def _head(self) -> Sequence[str]:
        return self._board.get_fen().split(" ", 3)[:3]

    @cached_property
    def _identity(self) -> str:
        return " ".join((*self._head, self._en_passant))

    @property
    def _en_passant(self) -> str:
        """The square behind a pawn that can be captured en passant now; the library ignores pins here."""
        if self._board.en_passant is None:
            return "-"
        taking = (uci for uci, move in self._moves.items() if self._board.is_en_passant(move))
        return next((uci[2:4] for uci in taking), "-")

    @cached_property
    def _moves(self) -> Mapping[str, rust_chess.Move]:
        # Once, because the board's generator goes on where it was left.
        return {move.get_uci(): move for move in self._board.generate_legal_moves() if move is not None}

    def _read(self, uci: str) -> rust_chess.Move:
        move = self._moves.get(uci)
        if move is None:
            raise IllegalMoveError(f"{uci[:16]!r} isn't a legal move here.")
        return move

    def _piece_on(self, square: rust_chess.Square) -> str:
        return str(self._board.get_piece_type_on(square)).upper()

    def _is_castling(self, uci: str) -> bool:
        return self._board.is_castling(self._moves[uci])

    def _matching(self, text: str) -> list[str]:
        match = _SAN.fullmatch(text)
        if match is None:
            return []
        piece, file, rank, target, promotion = match.groups(default="")
        return [
            uci
            for uci in self.legal_moves
            if uci[2:4] == target
            and uci[4:] == promotion.lower()
            and uci[0].startswith(file)
            and uci[1].startswith(rank)
            and self._piece_on(self._moves[uci].source) == (piece or "P")
        ]

    def _origin(self, uci: str, piece: str) -> str:
        """Return what tells a move from those of other pieces of the same kind to the same square (FIDE Laws C.10)."""
        others = [
            other
            for other in self.legal_moves
            if other[2:4] == uci[2:4] and other[:2] != uci[:2] and self._piece_on(self._moves[other].source) == piece
        ]
        if not others:
            return ""
        if all(other[0] != uci[0] for other in others):
            return uci[0]
        return uci[1] if all(other[1] != uci[1] for other in others) else uci[:2]


def _check_counters(halfmoves: str, fullmoves: str) -> None:
    if not (_NUMBER.fullmatch(halfmoves) and int(halfmoves) <= _HALFMOVES_MAX):
        raise _invalid(f"The fifth field counts plies without capture or move of a pawn: 0 to {_HALFMOVES_MAX}.")
    if not (_NUMBER.fullmatch(fullmoves) and 1 <= int(fullmoves) <= _FULLMOVES_MAX):
        raise _invalid(f"The sixth field is the number of the move: 1 to {_FULLMOVES_MAX}.")


def _check_pieces(placement: str) -> None:
    ranks = placement.split("/")
    if any(pawn in ranks[0] or pawn in ranks[-1] for pawn in "Pp"):
        raise _invalid("A pawn is on the first or the last rank.")
    if sum(map(str.isupper, placement)) > _PIECES_MAX or sum(map(str.islower, placement)) > _PIECES_MAX:
        raise _invalid(f"A side has more than {_PIECES_MAX} pieces.")


def _invalid(why: str) -> InvalidFenError:
    return InvalidFenError(
        f"This isn't a position to play from. {why}",
        field="initial_fen",
        remedy=f"Send a position in Forsyth-Edwards Notation, such as {START_FEN}.",
    )
