"""Slack's `ts`."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.messaging.rules.timestamps import format_ts, next_ts_us, parse_ts, time_of_ts

NOON = datetime(2026, 1, 31, 12, 0, 0, 200, tzinfo=UTC)
NOON_US = 1_769_860_800_000_200


def test_a_message_has_the_time_at_which_it_was_posted() -> None:
    assert next_ts_us(NOON, last_ts_us=0) == NOON_US
    assert format_ts(NOON_US) == "1769860800.000200"
    assert time_of_ts(NOON_US) == NOON


@pytest.mark.parametrize("last", [NOON_US, NOON_US + 5_000_000])
def test_it_is_later_than_that_of_the_message_before_also_if_the_clock_goes_back(last: int) -> None:
    assert next_ts_us(NOON, last_ts_us=last) == last + 1


@given(st.integers(min_value=0, max_value=99_999_999_999_999_999))
def test_a_ts_is_read_as_it_was_written(ts_us: int) -> None:
    assert parse_ts(format_ts(ts_us)) == ts_us


@pytest.mark.parametrize(
    ("text", "ts_us"),
    [("1769860800", NOON_US - 200), ("1769860800.0002", NOON_US), ("", None), ("now", None), ("1.2.3", None)],
)
def test_other_forms(text: str, ts_us: int | None) -> None:
    assert parse_ts(text) == ts_us
