"""When a delivery is attempted again, and how a receiver can influence it."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.webhooks.model import DeliveryStatus
from ninefold.systems.webhooks.rules.retries import (
    RETRY_AFTER_S_MAX,
    RetrySchedule,
    is_success,
    next_delay_s,
    parse_retry_after,
    status_after,
)
from ninefold.systems.webhooks.settings import WebhooksSettings

DEFAULTS = WebhooksSettings()
SCHEDULE = RetrySchedule(
    delays_s=DEFAULTS.retry_delays_s,
    jitter_ratio=DEFAULTS.retry_jitter_ratio,
    horizon_s=DEFAULTS.retry_horizon_s,
)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
MIDDLE = 0.5
"""The random number that leaves a delay as it is."""

units = st.floats(min_value=0, max_value=1, exclude_max=True)
positive = st.floats(min_value=0.001, max_value=1e7)


def delay_s(
    attempts_made: int, *, elapsed_s: float = 0, retry_after_s: float | None = None, random_unit: float = MIDDLE
) -> float | None:
    return next_delay_s(
        SCHEDULE,
        attempts_made=attempts_made,
        elapsed_s=elapsed_s,
        retry_after_s=retry_after_s,
        random_unit=random_unit,
    )


@pytest.mark.parametrize(
    ("status", "expected"),
    [(199, False), (200, True), (204, True), (299, True), (300, False), (302, False), (410, False), (None, False)],
)
def test_only_2xx_is_success(status: int | None, *, expected: bool) -> None:
    assert is_success(status) is expected


def test_the_delays_double_from_one_second_and_the_sixth_attempt_is_the_last() -> None:
    assert [delay_s(attempts) for attempts in range(1, 7)] == [1, 2, 4, 8, 16, None]


@pytest.mark.parametrize(("random_unit", "expected"), [(0.0, 3.2), (0.25, 3.6), (0.5, 4.0), (0.75, 4.4)])
def test_jitter_changes_a_delay_by_up_to_a_fifth(random_unit: float, expected: float) -> None:
    assert delay_s(3, random_unit=random_unit) == pytest.approx(expected)


@given(st.integers(min_value=1, max_value=5), units)
def test_a_delay_stays_within_the_bounds_of_its_jitter(attempts_made: int, random_unit: float) -> None:
    planned = SCHEDULE.delays_s[attempts_made - 1]
    waited = delay_s(attempts_made, random_unit=random_unit)

    assert waited is not None
    assert planned * 0.8 <= waited <= planned * 1.2


def test_a_schedule_without_delays_has_one_attempt() -> None:
    schedule = RetrySchedule(delays_s=(), jitter_ratio=0, horizon_s=60)

    waited = next_delay_s(schedule, attempts_made=1, elapsed_s=0, retry_after_s=5, random_unit=MIDDLE)

    assert waited is None


@pytest.mark.parametrize(
    ("retry_after_s", "expected"),
    [(None, 4.0), (0.0, 4.0), (3.9, 4.0), (4.1, 4.1), (3600.0, 3600.0), (1e300, 86_400.0)],
)
def test_retry_after_lengthens_a_delay_up_to_the_horizon_and_never_shortens_it(
    retry_after_s: float | None, expected: float
) -> None:
    assert delay_s(3, retry_after_s=retry_after_s) == expected


@pytest.mark.parametrize(("elapsed_s", "expected"), [(86_399.0, 1.0), (86_400.0, None), (1e9, None)])
def test_no_retry_is_planned_beyond_the_horizon(elapsed_s: float, expected: float | None) -> None:
    assert delay_s(5, elapsed_s=elapsed_s) == expected


@given(
    delays=st.lists(positive, max_size=20),
    jitter_ratio=st.floats(min_value=0, max_value=0.5),
    horizon_s=positive,
    attempts_made=st.integers(min_value=1, max_value=25),
    elapsed_s=st.floats(min_value=0, max_value=1e8),
    retry_after_s=st.none() | st.floats(min_value=0, max_value=1e308),
    random_unit=units,
)
def test_any_schedule_stays_within_its_horizon_and_number_of_retries(  # noqa: PLR0917 - one per input.
    delays: list[float],
    jitter_ratio: float,
    horizon_s: float,
    attempts_made: int,
    elapsed_s: float,
    retry_after_s: float | None,
    random_unit: float,
) -> None:
    schedule = RetrySchedule(delays_s=delays, jitter_ratio=jitter_ratio, horizon_s=horizon_s)
    waited = next_delay_s(
        schedule,
        attempts_made=attempts_made,
        elapsed_s=elapsed_s,
        retry_after_s=retry_after_s,
        random_unit=random_unit,
    )

    if attempts_made > len(delays) or elapsed_s >= horizon_s:
        assert waited is None
        return
    assert waited is not None
    assert 0 < waited <= horizon_s - elapsed_s
    shortest = delays[attempts_made - 1] * (1 - jitter_ratio)
    assert waited >= min(max(shortest, retry_after_s or 0), horizon_s - elapsed_s)


@pytest.mark.parametrize(
    ("is_successful", "retry_delay_s", "expected"),
    [
        (True, None, DeliveryStatus.DELIVERED),
        (False, 1.5, DeliveryStatus.RETRYING),
        (False, 0.0, DeliveryStatus.RETRYING),
        (False, None, DeliveryStatus.FAILED),
    ],
)
def test_the_status_depends_on_success_and_on_a_planned_retry(
    retry_delay_s: float | None, expected: DeliveryStatus, *, is_successful: bool
) -> None:
    assert status_after(is_successful=is_successful, retry_delay_s=retry_delay_s) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"0", 0.0),
        (b"120", 120.0),
        (b" 120\t", 120.0),
        (b"9" * 308, RETRY_AFTER_S_MAX),
        (b"9" * 309, RETRY_AFTER_S_MAX),
        (b"9" * 10_000, RETRY_AFTER_S_MAX),
        (b"Thu, 01 Jan 2026 00:01:30 GMT", 90.0),
        (b"Thursday, 01-Jan-26 00:01:30 GMT", 90.0),
        (b"Thu Jan  1 00:01:30 2026", 90.0),
        (b"Thu, 01 Jan 2026 01:01:30 +0100", 90.0),
        (b"Wed, 31 Dec 2025 23:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_parsed_as_seconds_and_in_every_http_date_format(value: bytes, expected: float) -> None:
    assert parse_retry_after(value, now=NOW) == expected


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"soon",
        b"-1",
        b"1.5",
        b"1e3",
        b"0x10",
        b"1,2",
        b"\xb2",  # a superscript two in Latin-1, which Python counts as a digit
        b"Thu, 32 Jan 2026 00:00:00 GMT",
        b"Thu, 01 Jan 99999 00:00:00 GMT",
        b"Thu, 01 Jan 2026 00:00:00 +9900",
        b"Thu, 01 Jan 2026 00:00:00 +99999999999999999999",
        b"Thu, 99999999999999999999 Jan 2026 00:00:00 GMT",
        b"\x00",
        b", ,",
    ],
)
def test_an_invalid_retry_after_is_ignored(value: bytes | None) -> None:
    assert parse_retry_after(value, now=NOW) is None


@given(st.binary(max_size=60) | st.text("0123456789 :+-,.GMTJanThu", max_size=60).map(str.encode))
def test_any_value_is_parsed_as_seconds_or_ignored(value: bytes) -> None:
    seconds = parse_retry_after(value, now=NOW)

    assert seconds is None or 0 <= seconds < float("inf")


@given(
    st.integers(min_value=-100_000, max_value=100_000_000),
    st.integers(min_value=-14, max_value=14),
)
def test_a_date_in_any_time_zone_is_converted_to_seconds_from_now(seconds: int, hours: int) -> None:
    date = (NOW + timedelta(seconds=seconds)).astimezone(timezone(timedelta(hours=hours)))

    assert parse_retry_after(format_datetime(date).encode(), now=NOW) == max(0.0, float(seconds))
