"""Draws positions as text."""

from typing import Final

FILES: Final = "  a b c d e f g h"


def draw_board(fen: str) -> str:
    """Return the board of a position, with White at the bottom: upper-case letters are White's pieces, as in FEN."""
    ranks = fen.split(" ", 1)[0].split("/")
    lines = [f"{8 - index} {' '.join(_squares(rank))}" for index, rank in enumerate(ranks)]
    return "\n".join([*lines, FILES])


def _squares(rank: str) -> str:
    return "".join("." * int(each) if each.isdecimal() else each for each in rank)
