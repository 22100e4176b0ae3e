"""What is encoded first: a wavefront, so that every quality gets further while the lowest one stays ahead."""

from typing import Final

US_OF_A_RUNG: Final = 30_000_000
"""A rung may wait until the one below it is so far ahead, in microseconds of the title."""

SPLIT_URGENCY: Final = -1_000_000_000
PICTURES_DELAY_US: Final = 15_000_000
SCORE_DELAY_US: Final = 3_600_000_000_000
"""Scores are for people who look at the ladder, so everything else is done earlier."""


def encode_urgency(*, start_us: int, position: int) -> int:
    """Return the urgency of a chunk for a rung; a smaller one is done earlier.

    Args:
        start_us: where the chunk begins in the title.
        position: the position of the rung, from 0 for the lowest quality.
    """
    return start_us + US_OF_A_RUNG * position


def pictures_urgency(*, end_us: int) -> int:
    """Return the urgency of pictures of the part until `end_us`."""
    return end_us + PICTURES_DELAY_US


def score_urgency(*, start_us: int, position: int) -> int:
    """Return the urgency of a score."""
    return SCORE_DELAY_US + encode_urgency(start_us=start_us, position=position)
