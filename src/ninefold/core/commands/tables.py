"""Fits tables to the width of a terminal: text wraps between words, and ids and times are never broken."""

from collections.abc import Collection, Sequence
from typing import Final

from rich.cells import cell_len

GAP_WIDTH: Final = 2
"""Spaces between two columns."""

WHOLE_WIDTH_MAX: Final = 16
"""A cell up to this width isn't wrapped: a state with its icon, a duration."""

WORD_WIDTH_MAX: Final = 32
"""A word up to this width isn't broken: an id has 30 characters, a time 20. Longer words, such as URLs, can be."""


def fit_columns(columns: Sequence[Sequence[str]], *, width_max: int, whole: Collection[int] = ()) -> list[int] | None:
    """Return the width of each column; None if they don't fit, even with wrapped text.

    Args:
        columns: the texts of each column's cells, with the heading.
        width_max: the maximum width of all columns together, with gaps.
        whole: the positions of columns whose words aren't broken, however long they are, such as URLs to copy.
    """
    widths_wanted = [max(_longest(text.splitlines()) for text in column) for column in columns]
    words_max = [width_max if index in whole else WORD_WIDTH_MAX for index in range(len(columns))]
    widths_min = [
        max(_width_min(text, word_max=word_max) for text in column)
        for column, word_max in zip(columns, words_max, strict=True)
    ]
    spare = width_max - GAP_WIDTH * (len(columns) - 1) - sum(widths_min)
    if spare < 0:
        return None
    widths = list(widths_min)
    # Columns that need the least extra width come first; what they don't use is left for the others.
    order = sorted(range(len(columns)), key=lambda index: widths_wanted[index] - widths_min[index])
    for place, index in enumerate(order):
        extra = min(widths_wanted[index] - widths_min[index], spare // (len(order) - place))
        widths[index] += extra
        spare -= extra
    return widths


def _width_min(text: str, *, word_max: int) -> int:
    width = _longest(text.splitlines())
    if width <= WHOLE_WIDTH_MAX:
        return width
    return min(_longest(text.split()), word_max)


def _longest(texts: Sequence[str]) -> int:
    return max((cell_len(text) for text in texts), default=0)
