"""Schedules: a cron expression in a time zone, and the job to enqueue. Pure: the current time is an argument."""

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

    Expressions have five fields and work as in Debian's cron, also when daylight saving time starts or ends. A tick in
    the skipped hour moves to the end of that hour, and a tick in the repeated hour happens once. If the minute or the
    hour begins with `*`, ticks follow elapsed time: each repeated hour has its ticks.
    """

    name: str
    """Such as `jobs.delete_finished`; the table stores the next tick under this name."""
    kind: JobKind[PayloadT]
    cron: str
    """Minute, hour, day of the month, month, day of the week: `30 2 * * *` is every day at half past two."""
    timezone: str = "UTC"
    """A name of the IANA time zone database, such as `Europe/Berlin`."""
    make_payload: Callable[[datetime], PayloadT]
    """Gets the tick's time in UTC. If ticks were missed, it is the latest of them."""

    def __post_init__(self) -> None:
        """Reject a schedule that is invalid or never due, so that the error appears at startup."""
        try:
            is_valid = KIND_NAME.fullmatch(self.name) is not None and len(self.cron.split()) == _FIELDS
            next_tick(self, after=_ANY_TIME)
        except (CronSimError, StopIteration, ZoneInfoNotFoundError) as error:
            raise ValueError(f"Invalid schedule: {self.name}, {self.cron!r}, {self.timezone}") from error
        if not is_valid:
            raise ValueError(f"Invalid schedule: {self.name}, {self.cron!r}, {self.timezone}")


def next_tick(schedule: Schedule[PayloadT], *, after: datetime) -> datetime:
    """Return the first tick after a time, in UTC."""
    return next(CronSim(schedule.cron, _local(schedule, after))).astimezone(UTC)


def last_tick(schedule: Schedule[PayloadT], *, until: datetime) -> datetime:
    """Return the last tick at or before a time, in UTC."""
    # In reverse, CronSim excludes the start time itself.
    return next(CronSim(schedule.cron, _local(schedule, until + _INSTANT), reverse=True)).astimezone(UTC)


def _local(schedule: Schedule[PayloadT], moment: datetime) -> datetime:
    return moment.astimezone(ZoneInfo(schedule.timezone))
