"""A position as text: the board as it is drawn in a terminal."""

from typing import Final

from rich.text import Text

_PIECES: Final = {
    "k": "♚", "q": "♛", "r": "♜", "b": "♝", "n": "♞", "p": "♟",
}  # fmt: skip
_LIGHT: Final = "on rgb(214,200,174)"
_DARK: Final = "on rgb(140,116,90)"
_MOVED_LIGHT: Final = "on rgb(178,184,240)"
_MOVED_DARK: Final = "on rgb(120,126,214)"
_WHITE: Final = "rgb(255,255,255)"
_BLACK: Final = "rgb(20,20,20)"
_FILES: Final = "abcdefgh"


def draw_board(placement: str, *, last_move: str | None = None, is_plain: bool = False) -> Text:
    """Return a board of ten lines, white below.

    Args:
        placement: the first field of a FEN.
        last_move: as UCI; its squares are marked.
        is_plain: letters instead of colours, for output that isn't a terminal's.
    """
    marked = () if last_move is None else (last_move[:2], last_move[2:4])
    lines = []
    for rank, row in zip(range(8, 0, -1), placement.split("/"), strict=True):
        squares = "".join(" " * int(piece) if piece.isdigit() else piece for piece in row)
        line = Text.assemble((f"{rank} ", "dim"))
        for file, piece in zip(_FILES, squares, strict=True):
            square = f"{file}{rank}"
            line.append_text(_draw_plain(piece) if is_plain else _draw(piece, square, is_marked=square in marked))
        lines.append(line)
    return Text("\n").join([*lines, Text(f"   {'  '.join(_FILES)}", style="dim")])


def _draw(piece: str, square: str, *, is_marked: bool) -> Text:
    is_light = (_FILES.index(square[0]) + int(square[1])) % 2 == 0
    ground = (_MOVED_LIGHT if is_light else _MOVED_DARK) if is_marked else (_LIGHT if is_light else _DARK)
    colour = _WHITE if piece.isupper() else _BLACK
    return Text(f" {_PIECES.get(piece.lower(), ' ')} ", style=f"{colour} {ground}")


def _draw_plain(piece: str) -> Text:
    return Text(f" {'·' if piece == ' ' else piece} ")
