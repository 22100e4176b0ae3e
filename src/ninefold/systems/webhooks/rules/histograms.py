"""Durations in buckets: how many were counted in each, and the percentiles that follow.

A percentile is interpolated within its bucket. Up to a minute, neighbouring bounds are a factor of 1.3 to 2 apart, so
that a percentile is off by less than that. Beyond, they are so far apart that it is the lower bound: at least so long.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final

BOUNDS_MS: Final = (
    *(1.0, 2.0, 3.0, 5.0, 7.0),
    *(10.0, 15.0, 20.0, 30.0, 50.0, 70.0),
    *(100.0, 150.0, 200.0, 300.0, 500.0, 700.0),
    *(1_000.0, 1_500.0, 2_000.0, 3_000.0, 5_000.0, 7_000.0),
    *(10_000.0, 15_000.0, 30_000.0, 60_000.0),
    *(300_000.0, 1_800_000.0, 7_200_000.0, 43_200_000.0),
)
"""The upper bounds of the buckets, in milliseconds: up to 30 seconds, then to 12 hours. The last bucket has none."""

INTERPOLATED_MAX_MS: Final = 60_000.0

BUCKETS: Final = len(BOUNDS_MS) + 1


def add_counts(histograms: Iterable[Sequence[int]]) -> list[int]:
    """Return the sum of histograms; of none, an empty histogram."""
    return [sum(counts) for counts in zip([0] * BUCKETS, *histograms, strict=True)]


def percentile_ms(counts: Sequence[int], share: float) -> float | None:
    """Return the duration that a share of those counted doesn't exceed; None if nothing was counted.

    Of one above a minute, only a lower bound is known: 1, 5 or 30 minutes, 2 or 12 hours.

    Args:
        counts: how many are in each bucket.
        share: such as 0.95.
    """
    total = sum(counts)
    if not total:
        return None
    wanted = share * total
    bucket, reached = next(
        (i, reached) for i, reached in enumerate(accumulate(counts)) if counts[i] and reached >= wanted
    )
    lower = BOUNDS_MS[bucket - 1] if bucket else 0.0
    if lower >= INTERPOLATED_MAX_MS:
        return lower
    upper = BOUNDS_MS[bucket]
    return upper - (upper - lower) * (reached - wanted) / counts[bucket]
