"""Schedules of workflows: those of the files of the default branch, and when each is due.

Each tick starts one run: the row of the schedule is locked, and its next time is written in the transaction that
creates the run. Ticks that are more than an hour late, because nothing ran, are dropped and counted.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from cronsim import CronSim

from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.model.repositories import Repository
from ninefold.systems.workflows.model.triggers import Schedule
from ninefold.systems.workflows.service.runs.files import ReadWorkflow
from ninefold.systems.workflows.store import schedules as store
from ninefold.systems.workflows.store.schedules import DueSchedule

INTERVAL_MIN: Final = timedelta(minutes=5)
"""Between two ticks of a schedule, as on GitHub; ticks in between are left out."""

LATE_MAX: Final = timedelta(hours=1)

DROPPED_MAX: Final = 10_000
"""Dropped ticks that are counted in one go."""

SCHEDULES_MAX: Final = 1_000
"""Of a repository."""

_INSTANT: Final = timedelta(microseconds=1)


class Tick(NamedTuple):
    """What a due schedule does now."""

    starts: bool
    """Whether the tick starts a run; one that is too late doesn't."""
    dropped: int
    """Ticks that are dropped."""
    next_at: datetime | None
    """When it is due next; None if never."""


def next_tick(cron: str, timezone: str, *, after: datetime) -> datetime | None:
    """Return the first time of a schedule after a time, in UTC; None if there is none."""
    try:
        return next(CronSim(cron, after.astimezone(ZoneInfo(timezone)))).astimezone(UTC)
    except StopIteration:
        return None


def take_tick(schedule: DueSchedule, *, now: datetime) -> Tick:
    """Return what a schedule that is due does, one tick after the other."""
    earliest = now - LATE_MAX
    if schedule.next_at >= earliest:
        return Tick(starts=True, dropped=0, next_at=_following(schedule, after=schedule.next_at))
    following, dropped = _following(schedule, after=schedule.next_at), 1
    while following is not None and following < earliest and dropped < DROPPED_MAX:
        following, dropped = _following(schedule, after=following), dropped + 1
    if following is not None and following < earliest:
        following = _following(schedule, after=earliest - INTERVAL_MIN)
    return Tick(starts=False, dropped=dropped, next_at=following)


async def set_schedules(
    connection: Connection, repository: Repository, reads: Sequence[ReadWorkflow], *, at: datetime
) -> None:
    """Make the schedules of a repository those of the workflow files of its default branch.

    Those that were there keep their next times. A file that can't be read keeps its schedules.
    """
    broken = [each.file for each in reads if each.workflow is None]
    found = list(dict.fromkeys(_schedules(reads)))[:SCHEDULES_MAX]
    await store.schedule_delete_others(
        connection, repository_id=repository.repository_id, kept=found, files_kept=broken
    )
    new = [(file, each, next_tick(each.cron, each.timezone, after=at)) for file, each in found]
    await store.schedule_insert(
        connection,
        repository_id=repository.repository_id,
        schedules=[(file, each, next_at) for file, each, next_at in new if next_at is not None],
    )


def _following(schedule: DueSchedule, *, after: datetime) -> datetime | None:
    return next_tick(schedule.cron, schedule.timezone, after=after + INTERVAL_MIN - _INSTANT)


def _schedules(reads: Iterable[ReadWorkflow]) -> Iterable[tuple[str, Schedule]]:
    for read in reads:
        if read.workflow is not None:
            for schedule in read.workflow.triggers.schedules:
                yield read.file, schedule
