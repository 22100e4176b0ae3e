"""Queries for the schedules of workflows."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.model.triggers import Schedule
from ninefold.systems.workflows.store.queries import queries, read_row_or_none


class DueSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule that is due."""

    organisation_id: UUID
    repository_id: UUID
    workflow_file: str
    cron: str
    timezone: str
    next_at: datetime


async def schedule_delete_others(
    connection: Connection, *, repository_id: UUID, kept: Collection[tuple[str, Schedule]], files_kept: Sequence[str]
) -> None:
    """Delete the schedules of a repository that aren't these, and aren't of these files."""
    await queries.schedule_delete_others(
        connection,
        repository_id=repository_id,
        files=[file for file, _ in kept],
        crons=[each.cron for _, each in kept],
        timezones=[each.timezone for _, each in kept],
        files_kept=list(files_kept),
    )


async def schedule_insert(
    connection: Connection, *, repository_id: UUID, schedules: Collection[tuple[str, Schedule, datetime]]
) -> None:
    """Insert schedules; those that are there keep their next times."""
    await queries.schedule_insert(
        connection,
        repository_id=repository_id,
        files=[file for file, _, _ in schedules],
        crons=[each.cron for _, each, _ in schedules],
        timezones=[each.timezone for _, each, _ in schedules],
        next_at=[next_at for _, _, next_at in schedules],
    )


async def schedule_lock_due(connection: Connection, *, now: datetime) -> DueSchedule | None:
    """Read the schedule that has been due for the longest time, and that no other worker has locked."""
    return read_row_or_none(DueSchedule, await queries.schedule_lock_due(connection, now=now))


async def schedule_move(
    connection: Connection, schedule: DueSchedule, *, next_at: datetime | None, last_at: datetime | None, dropped: int
) -> None:
    """Write when a schedule is due next; without a next time, it is deleted."""
    await queries.schedule_move(
        connection,
        repository_id=schedule.repository_id,
        workflow_file=schedule.workflow_file,
        cron=schedule.cron,
        timezone=schedule.timezone,
        next_at=next_at or datetime.max.replace(tzinfo=schedule.next_at.tzinfo, year=9999),
        last_at=last_at,
        dropped=dropped,
    )
