"""When banks are open, when a merchant's day ends, and when its money arrives.

The calendar is that of the Federal Reserve: its holidays that fall on a Saturday aren't observed on the Friday before.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

import holidays

_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5
_DAYS_MAX: Final = 3_660
"""Days that a search for a banking day goes through."""


def is_banking_day(day: date) -> bool:
    """Return whether the Federal Reserve settles payments on a day."""
    return day.weekday() < _SATURDAY and day not in _holidays(day.year)


def next_banking_day(day: date) -> date:
    """Return the first banking day after a day."""
    return add_banking_days(day, 1)


def banking_day_from(day: date) -> date:
    """Return the day itself, or else the first banking day after it."""
    return day if is_banking_day(day) else next_banking_day(day)


def add_banking_days(day: date, count: int) -> date:
    """Return the day that is `count` banking days later; the day itself for zero."""
    for _ in range(_DAYS_MAX):
        if count <= 0:
            return day
        day += _DAY
        count -= is_banking_day(day)
    raise ValueError(f"{count} banking days are more than {_DAYS_MAX} days.")


def local_moment(day: date, at: time, zone: str) -> datetime:
    """Return when it is a time of a day in a time zone, in UTC.

    A time that the clocks skip is read with the offset before the change, as in RFC 5545; of one that comes twice, the
    first counts.
    """
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)


def business_day(moment: datetime, *, cutoff: time, zone: str) -> date:
    """Return the day of a merchant that a moment belongs to: the next one from the cut-off on."""
    day = moment.astimezone(ZoneInfo(zone)).date()
    return day if moment < local_moment(day, cutoff, zone) else day + _DAY


def latest_cutoff(moment: datetime, *, cutoff: time, zone: str) -> date:
    """Return the last day of a merchant that had ended at a moment."""
    return business_day(moment, cutoff=cutoff, zone=zone) - _DAY


def last_settlement_day(moment: datetime, *, cutoff: time, zone: str) -> date:
    """Return the last banking day of a merchant that had ended at a moment: what a batch is due for."""
    day = latest_cutoff(moment, cutoff=cutoff, zone=zone)
    while not is_banking_day(day):
        day -= _DAY
    return day


def arrival_date(day: date) -> date:
    """Return when a payment of a day's batch arrives: on the banking day after it."""
    return next_banking_day(day)


def available_day(captured_on: date, *, hold_days: int) -> date:
    """Return the day on whose beginning held money becomes available: banking days after the capture."""
    return add_banking_days(captured_on, hold_days)


@cache
def _holidays(year: int) -> frozenset[date]:
    """Return the holidays of the Federal Reserve in a year; those on a Sunday are observed on the Monday."""
    found = holidays.country_holidays("US", years=year, observed=False)
    return frozenset(day + _DAY if day.weekday() == _SATURDAY + 1 else day for day in found)
