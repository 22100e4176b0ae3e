"""When partitions begin and end: an event always has one, also when nobody has made any for a long time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.webhooks.model import Retention
from ninefold.systems.webhooks.model.partitions import Partition
from ninefold.systems.webhooks.rules.partitions import (
    AHEAD,
    end_of_open_partition,
    is_over,
    may_be_sealed,
    midnight_before,
    width_of,
)

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
RETENTIONS = st.integers(1, 3_650).map(lambda days: timedelta(days=days))


@pytest.mark.parametrize(("days", "width"), [(1, 1), (7, 1), (10, 1), (11, 2), (30, 3), (90, 9), (3_650, 365)])
def test_a_retention_has_at_most_ten_partitions_of_whole_days(days: int, width: int) -> None:
    assert width_of(timedelta(days=days)) == timedelta(days=width)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (None, datetime(2026, 12, 1, tzinfo=UTC)),
        (datetime(2026, 12, 1, tzinfo=UTC), None),
        (datetime(2026, 11, 29, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC)),
        (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)),
    ],
    ids=["the first", "far enough", "soon", "nobody made any for weeks"],
)
def test_the_open_partition_ends_before_anything_can_be_beyond_its_end(
    start: datetime | None, expected: datetime | None
) -> None:
    assert end_of_open_partition(start, now=NOON, retention=timedelta(days=30)) == expected


@given(started=st.none() | MOMENTS.map(midnight_before), now=MOMENTS, retention=RETENTIONS)
def test_the_next_partition_begins_more_than_a_day_ahead_at_midnight_and_not_too_far_away(
    started: datetime | None, now: datetime, retention: timedelta
) -> None:
    end = end_of_open_partition(started, now=now, retention=retention)

    if end is None:
        assert started is not None
        assert started > now + AHEAD
    else:
        assert now + AHEAD < end <= now + AHEAD + width_of(retention)
        assert end == midnight_before(end)
        assert end_of_open_partition(end, now=now, retention=retention) is None


def test_a_partition_is_over_once_its_newest_event_is() -> None:
    partition = Partition(
        retention=Retention.SHORT, suffix="20261120", starts_at=NOON - timedelta(days=8), ends_at=NOON, is_sealed=False
    )

    assert not is_over(partition, now=NOON + timedelta(days=7, seconds=-1), retention=timedelta(days=7))
    assert is_over(partition, now=NOON + timedelta(days=7), retention=timedelta(days=7))


def test_the_open_partition_is_neither_over_nor_sealed() -> None:
    partition = Partition(retention=Retention.SHORT, suffix="first", starts_at=None, ends_at=None, is_sealed=False)

    assert not is_over(partition, now=NOON, retention=timedelta(days=1))
    assert not may_be_sealed(partition, now=NOON)


@pytest.mark.parametrize(("after", "expected"), [(timedelta(hours=23), False), (timedelta(days=1), True)])
def test_a_partition_is_sealed_a_day_after_its_end(after: timedelta, *, expected: bool) -> None:
    partition = Partition(retention=Retention.SHORT, suffix="20261120", starts_at=None, ends_at=NOON, is_sealed=False)

    assert may_be_sealed(partition, now=NOON + after) is expected
