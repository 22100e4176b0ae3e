"""How a table fits a terminal: words wrap, ids and times never break, and what is too wide becomes a list."""

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len

GAP_WIDTH: Final = 2
"""Between a column and the next."""

WHOLE_WIDTH_MAX: Final = 16
"""A cell as short as this stays in one line: a state with its icon, a duration."""

WORD_WIDTH_MAX: Final = 32
"""A word as long as this stays whole: an id has 30 characters, a time 20. Of what is longer, such as a URL, a terminal
may be too narrow for anything else than to break it."""


def fit_columns(columns: Sequence[Sequence[str]], *, width_max: int) -> list[int] | None:
    """Return a width for each column; None where no words can be wrapped so that all fit.

    Args:
        columns: of each column the texts of its cells, heading included.
        width_max: what all of them may have together, gaps included.
    """
    wishes = [max(_longest(text.splitlines()) for text in column) for column in columns]
    floors = [max(_width_min(text) for text in column) for column in columns]
    spare = width_max - GAP_WIDTH * (len(columns) - 1) - sum(floors)
    if spare < 0:
        return None
    widths = list(floors)
    # Those that ask for least first: what they leave is for the others.
    order = sorted(range(len(columns)), key=lambda index: wishes[index] - floors[index])
    for place, index in enumerate(order):
        given = min(wishes[index] - floors[index], spare // (len(order) - place))
        widths[index] += given
        spare -= given
    return widths


def _width_min(text: str) -> int:
    width = _longest(text.splitlines())
    if width <= WHOLE_WIDTH_MAX:
        return width
    return min(_longest(text.split()), WORD_WIDTH_MAX)


def _longest(texts: Sequence[str]) -> int:
    return max((cell_len(text) for text in texts), default=0)
