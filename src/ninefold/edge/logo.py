"""The logo for terminals: a grid of nine dots, one of them filled. While something is in progress, that one moves."""

from collections.abc import Sequence
from typing import Final

from rich.table import Table
from rich.text import Text

ACCENT: Final = "rgb(99,102,241)"

_ROUND: Final = (0, 1, 2, 5, 8, 7, 6, 3)
"""The positions of the moving dot: once around the middle."""

_MIDDLE: Final = 4


def with_logo(lines: Sequence[Text], *, step: int | None = None) -> Table:
    """Put up to three lines next to the logo.

    Args:
        lines: the text to its right.
        step: how many positions the filled dot has moved; None if nothing is in progress.
    """
    filled = _MIDDLE if step is None else _ROUND[step % len(_ROUND)]
    grid = Table.grid(padding=(0, 3, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for row in range(3):
        dots = [("●", ACCENT) if row * 3 + column == filled else ("·", "dim") for column in range(3)]
        text = Text.assemble(dots[0], " ", dots[1], " ", dots[2])
        grid.add_row(text, lines[row] if row < len(lines) else Text())
    return grid
