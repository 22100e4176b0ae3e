"""Queries for what people see of the queue, and of what was used."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.store.queries import queries, read_row


class QueueEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A queued job, and what it is of."""

    job_id: UUID
    run_id: UUID
    key: str
    name: str
    repository: str
    workflow_name: str
    run_number: int
    labels: Sequence[str]
    runner_group: str | None
    priority: int
    queued_at: datetime


class QueuePlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where a page of the queue ended."""

    ahead: int
    """How many jobs come before the next one."""
    priority: int
    queued_at: datetime
    job_id: UUID


class UsageDay(msgspec.Struct, frozen=True, kw_only=True):
    """What an organisation's jobs used on a day (UTC)."""

    day: date
    jobs: int
    minutes: float
    queue_p50_s: float | None
    queue_p95_s: float | None


async def queue_entry_count_started(
    connection: Connection, *, organisation_id: UUID, since: datetime, limit: int
) -> int:
    """Count the jobs of an organisation that began after a time, up to a limit."""
    count: int = await queries.queue_entry_count_started(
        connection, organisation_id=organisation_id, since=since, limit=limit
    )
    return count


async def queue_entry_list(
    connection: Connection, *, organisation_id: UUID, after: QueuePlace | None, limit: int
) -> list[QueueEntry]:
    """List the queued jobs of an organisation in the order in which they start."""
    rows = queries.queue_entry_list(
        connection,
        organisation_id=organisation_id,
        priority=None if after is None else after.priority,
        queued_at=None if after is None else after.queued_at,
        job_id=None if after is None else after.job_id,
        limit=limit,
    )
    return [read_row(QueueEntry, row) async for row in rows]


async def queue_entry_list_usage(connection: Connection, *, organisation_id: UUID, since: datetime) -> list[UsageDay]:
    """List what an organisation's jobs used on each day (UTC) since a time."""
    rows = queries.queue_entry_list_usage(connection, organisation_id=organisation_id, since=since)
    return [read_row(UsageDay, row) async for row in rows]
