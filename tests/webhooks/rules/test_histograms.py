"""Histograms: percentiles are in the bucket of the duration that has the rank."""

from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.webhooks.rules.histograms import BOUNDS_MS, BUCKETS, add_counts, percentile_ms


def count(durations_ms: list[float]) -> list[int]:
    counts = [0] * BUCKETS
    for duration_ms in durations_ms:
        counts[bisect_left(BOUNDS_MS, duration_ms)] += 1
    return counts


def test_there_are_as_many_buckets_as_the_database_has_counts() -> None:
    assert BUCKETS == 32
    assert list(BOUNDS_MS) == sorted(set(BOUNDS_MS))


@pytest.mark.parametrize(
    ("durations_ms", "share", "expected_ms"),
    [
        ([], 0.5, None),
        ([4.0], 0.5, 4.0),
        ([4.0], 1.0, 5.0),
        ([0.2, 0.2], 0.5, 0.5),
        ([40.0] * 99 + [900.0], 0.5, 30 + 20 * 50 / 99),
        ([40.0] * 99 + [900.0], 0.999, 700 + 300 * 0.9),
        # Only the lower bound of the last bucket is known.
        ([1e9], 0.5, 43_200_000.0),
    ],
)
def test_percentiles_are_interpolated(durations_ms: list[float], share: float, expected_ms: float | None) -> None:
    assert percentile_ms(count(durations_ms), share) == (None if expected_ms is None else pytest.approx(expected_ms))


@given(st.lists(st.floats(0, 40_000_000), min_size=1, max_size=50), st.floats(0.01, 1))
def test_a_percentile_is_in_the_bucket_of_the_exact_one(durations_ms: list[float], share: float) -> None:
    ordered = sorted(durations_ms)
    exact_ms = next(each for i, each in enumerate(ordered, 1) if i >= share * len(ordered))
    found_ms = percentile_ms(count(durations_ms), share)
    assert found_ms is not None
    bucket = bisect_left(BOUNDS_MS, exact_ms)
    lower_ms = BOUNDS_MS[bucket - 1] if bucket else 0.0
    assert lower_ms <= found_ms <= BOUNDS_MS[bucket]


def test_histograms_are_added_bucket_by_bucket() -> None:
    assert add_counts([count([4.0, 40.0]), count([40.0])]) == count([4.0, 40.0, 40.0])
    assert add_counts([]) == [0] * BUCKETS


def test_beyond_a_minute_a_percentile_is_a_lower_bound() -> None:
    counts = [0] * BUCKETS
    counts[BOUNDS_MS.index(300_000.0)] = 10
    assert percentile_ms(counts, 0.99) == 60_000.0
    counts[-1] = 90
    assert percentile_ms(counts, 0.99) == BOUNDS_MS[-1]
