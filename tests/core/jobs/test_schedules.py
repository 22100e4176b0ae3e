"""When schedules are due, including changes to and from daylight saving time."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_jobs import STEP, Step
from ninefold.core.jobs.schedules import Schedule, last_tick, next_tick

BERLIN = "Europe/Berlin"
ZONES = ["UTC", BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]
"""The fourth changes its clocks by half an hour; the last has no daylight saving time."""

EXPRESSIONS = ["* * * * *", "*/15 * * * *", "17 * * * *", "30 2 * * *", "0 3 * * MON", "0 0 1 * *", "15 1,2,3 * * *"]

MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive bounds.


def schedule(cron: str, timezone: str = "UTC") -> Schedule[Step]:
    return Schedule(name="test.tick", kind=STEP, cron=cron, timezone=timezone, make_payload=lambda _: Step())


def ticks(cron: str, timezone: str, *, after: datetime, count: int) -> list[datetime]:
    """Return the next ticks in local time."""
    found = [after]
    for _ in range(count):
        found.append(next_tick(schedule(cron, timezone), after=found[-1]))
    return [tick.astimezone(ZoneInfo(timezone)) for tick in found[1:]]


def local_texts(moments: list[datetime]) -> list[str]:
    return [moment.strftime("%d %H:%M %Z") for moment in moments]


def test_ticks_follow_the_local_time_of_the_zone() -> None:
    winter, summer = datetime(2027, 1, 10, tzinfo=UTC), datetime(2027, 7, 10, tzinfo=UTC)

    assert next_tick(schedule("0 9 * * *", BERLIN), after=winter).hour == 8
    assert next_tick(schedule("0 9 * * *", BERLIN), after=summer).hour == 7


def test_a_tick_in_the_skipped_hour_happens_right_after_it() -> None:
    # On 28 March 2027, the clock goes from 02:00 to 03:00.
    found = ticks("30 2 * * *", BERLIN, after=datetime(2027, 3, 26, 12, tzinfo=UTC), count=3)

    assert local_texts(found) == ["27 02:30 CET", "28 03:00 CEST", "29 02:30 CEST"]


def test_a_tick_in_the_repeated_hour_happens_once() -> None:
    # On 31 October 2027, the clock goes from 03:00 back to 02:00.
    found = ticks("30 2 * * *", BERLIN, after=datetime(2027, 10, 29, 12, tzinfo=UTC), count=3)

    assert local_texts(found) == ["30 02:30 CEST", "31 02:30 CEST", "01 02:30 CET"]


def test_an_hourly_schedule_ticks_in_both_repeated_hours() -> None:
    found = ticks("0 * * * *", BERLIN, after=datetime(2027, 10, 30, 23, 30, tzinfo=UTC), count=4)

    assert local_texts(found) == ["31 02:00 CEST", "31 02:00 CET", "31 03:00 CET", "31 04:00 CET"]


@given(moment=MOMENTS, cron=st.sampled_from(EXPRESSIONS), zone=st.sampled_from(ZONES))
def test_a_time_is_between_its_last_and_its_next_tick(moment: datetime, cron: str, zone: str) -> None:
    tick = schedule(cron, zone)

    last, following = last_tick(tick, until=moment), next_tick(tick, after=moment)

    assert last <= moment < following
    assert last_tick(tick, until=last) == last
    assert last_tick(tick, until=following - timedelta(microseconds=1)) == last


@given(moment=MOMENTS, cron=st.sampled_from(EXPRESSIONS), zone=st.sampled_from(ZONES))
def test_ticks_are_in_increasing_order(moment: datetime, cron: str, zone: str) -> None:
    found = ticks(cron, zone, after=moment, count=10)

    assert all(earlier.astimezone(UTC) < later.astimezone(UTC) for earlier, later in pairwise(found))


@pytest.mark.parametrize(
    "fields",
    [
        {"cron": "0 0 30 2 *"},
        {"cron": "* * * *"},
        {"cron": "0 * * * * *"},
        {"cron": "99 * * * *"},
        {"timezone": "Europe/Atlantis"},
        {"name": "tick"},
    ],
)
def test_a_schedule_that_is_invalid_or_never_due_is_rejected(fields: dict[str, str]) -> None:
    good = {"name": "test.tick", "cron": "* * * * *", "timezone": "UTC"}

    with pytest.raises(ValueError, match="Invalid schedule"):
        Schedule(kind=STEP, make_payload=lambda _: Step(), **{**good, **fields})
