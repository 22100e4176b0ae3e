"""Schedules: jobs that the clock enqueues, by a cron expression in a time zone. Pure: the present is an argument."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, Generic
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from cronsim import CronSim, CronSimError

from ninefold.core.jobs.model import KIND_NAME, JobKind, PayloadT

_FIELDS: Final = 5
_INSTANT: Final = timedelta(microseconds=1)
_ANY_TIME: Final = datetime(2026, 1, 1, tzinfo=UTC)


class Schedule(msgspec.Struct, Generic[PayloadT], frozen=True, kw_only=True):
    """A job for each tick of a cron expression.

    Expressions have five fields and mean what they mean to Debian's cron, also when clocks are changed: what is due in
    the hour that is left out comes right after it, and what is due in the hour that comes twice comes once. An
    expression whose minute or hour begins with `*` goes by the hours that really pass.
    """

    name: str
    """Such as `jobs.delete_finished`; what the next tick is remembered by."""
    kind: JobKind[PayloadT]
    cron: str
    """Minute, hour, day of the month, month, day of the week: `30 2 * * *` is every day at half past two."""
    timezone: str = "UTC"
    """By the IANA database, such as `Europe/Berlin`."""
    make_payload: Callable[[datetime], PayloadT]
    """Gets the tick, in UTC; after a time without workers, the latest of those that were missed."""

    def __post_init__(self) -> None:
        """Refuse an expression that never comes due, where it is written and not at night."""
        try:
            is_right = KIND_NAME.fullmatch(self.name) is not None and len(self.cron.split()) == _FIELDS
            next_tick(self, after=_ANY_TIME)
        except (CronSimError, StopIteration, ZoneInfoNotFoundError) as error:
            raise ValueError(f"Not a schedule: {self.name}, {self.cron!r}, {self.timezone}") from error
        if not is_right:
            raise ValueError(f"Not a schedule: {self.name}, {self.cron!r}, {self.timezone}")


def next_tick(schedule: Schedule[PayloadT], *, after: datetime) -> datetime:
    """Return the first tick after a moment, in UTC."""
    return next(CronSim(schedule.cron, _local(schedule, after))).astimezone(UTC)


def last_tick(schedule: Schedule[PayloadT], *, until: datetime) -> datetime:
    """Return the last tick that isn't after a moment, in UTC."""
    # Going back, the moment itself isn't counted.
    return next(CronSim(schedule.cron, _local(schedule, until + _INSTANT), reverse=True)).astimezone(UTC)


def _local(schedule: Schedule[PayloadT], moment: datetime) -> datetime:
    return moment.astimezone(ZoneInfo(schedule.timezone))
