"""Banking days of the Federal Reserve, and cut-offs in the merchants' time zones."""

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.payments.rules.banking_days import (
    add_banking_days,
    arrival_date,
    banking_day_from,
    business_day,
    is_banking_day,
    latest_cutoff,
    local_moment,
    next_banking_day,
)

NEW_YORK = "America/New_York"


# Other calendars observe these holidays on the Friday before; the Federal Reserve doesn't.
@pytest.mark.parametrize("day", ["2026-07-03", "2027-06-18", "2027-12-24", "2027-12-31", "2028-11-10"])
def test_the_friday_before_a_holiday_on_a_saturday_is_a_banking_day(day: str) -> None:
    assert is_banking_day(date.fromisoformat(day))


@pytest.mark.parametrize("day", ["2023-01-02", "2022-06-20", "2027-07-05", "2029-11-12", "2033-12-26"])
def test_the_monday_after_a_holiday_on_a_sunday_is_none(day: str) -> None:
    assert not is_banking_day(date.fromisoformat(day))


def test_a_year_has_the_eleven_holidays_of_the_federal_reserve() -> None:
    year = [date.fromordinal(number) for number in range(date(2026, 1, 1).toordinal(), date(2027, 1, 1).toordinal())]
    assert [f"{day:%m-%d}" for day in year if day.weekday() < 5 and not is_banking_day(day)] == [
        "01-01",
        "01-19",
        "02-16",
        "05-25",
        "06-19",
        # The fourth of July is a Saturday.
        "09-07",
        "10-12",
        "11-11",
        "11-26",
        "12-25",
    ]


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        ("2026-11-25", 1, "2026-11-27"),
        ("2026-11-25", 2, "2026-11-30"),
        ("2026-11-28", 0, "2026-11-28"),
        ("2026-11-28", 1, "2026-11-30"),
        ("2026-12-31", 1, "2027-01-04"),
    ],
)
def test_banking_days_are_counted_without_weekends_and_holidays(day: str, count: int, expected: str) -> None:
    assert add_banking_days(date.fromisoformat(day), count) == date.fromisoformat(expected)


def test_money_arrives_on_the_banking_day_after_the_batch() -> None:
    assert arrival_date(date(2026, 11, 25)) == date(2026, 11, 27)
    assert arrival_date(date(2026, 11, 27)) == date(2026, 11, 30)
    assert banking_day_from(date(2026, 11, 26)) == date(2026, 11, 27)
    assert banking_day_from(date(2026, 11, 27)) == date(2026, 11, 27)


def test_too_many_days_are_refused() -> None:
    with pytest.raises(ValueError, match="banking days are more than"):
        add_banking_days(date(2026, 1, 1), 10_000)


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)))
def test_the_next_banking_day_is_within_five_days(day: date) -> None:
    following = next_banking_day(day)
    assert is_banking_day(following)
    assert 1 <= (following - day).days <= 5


@pytest.mark.parametrize(
    ("day", "at", "zone", "expected"),
    [
        # Before and after the clocks change, a cut-off is at the same local time.
        ("2026-03-07", "17:00", NEW_YORK, "2026-03-07T22:00"),
        ("2026-03-08", "17:00", NEW_YORK, "2026-03-08T21:00"),
        ("2026-10-31", "17:00", NEW_YORK, "2026-10-31T21:00"),
        ("2026-11-01", "17:00", NEW_YORK, "2026-11-01T22:00"),
        # Half past two is skipped in March, and half past one comes twice in November.
        ("2026-03-08", "02:30", NEW_YORK, "2026-03-08T07:30"),
        ("2026-11-01", "01:30", NEW_YORK, "2026-11-01T05:30"),
        ("2026-11-23", "17:00", "Pacific/Kiritimati", "2026-11-23T03:00"),
        ("2026-11-23", "00:00", "Pacific/Honolulu", "2026-11-23T10:00"),
    ],
)
def test_a_cutoff_is_a_local_time(day: str, at: str, zone: str, expected: str) -> None:
    moment = local_moment(date.fromisoformat(day), time.fromisoformat(at), zone)
    assert moment == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-23T21:59:59.999999", "2026-11-23"),
        ("2026-11-23T22:00:00", "2026-11-24"),
        ("2026-11-24T03:00:00", "2026-11-24"),
    ],
)
def test_from_the_cutoff_on_it_is_the_next_day(moment: str, expected: str) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert business_day(at, cutoff=time(17), zone=NEW_YORK) == date.fromisoformat(expected)


@given(
    st.integers(1_577_836_800, 2_051_222_400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    st.times().map(lambda at: at.replace(second=0, microsecond=0, tzinfo=None)),
    st.sampled_from([NEW_YORK, "Europe/Lisbon", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]),
)
def test_every_moment_is_in_one_day(moment: datetime, cutoff: time, zone: str) -> None:
    day = business_day(moment, cutoff=cutoff, zone=zone)
    ended = latest_cutoff(moment, cutoff=cutoff, zone=zone)
    assert local_moment(ended, cutoff, zone) <= moment < local_moment(day, cutoff, zone)
