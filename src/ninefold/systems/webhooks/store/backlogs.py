"""Queries that count the deliveries of an organisation that aren't finished."""

from datetime import datetime
from uuid import UUID

import asyncpg

from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model.figures import QueueDepth
from ninefold.systems.webhooks.store.queries import queries


async def backlog_count_queued(connection: Connection, *, organisation_id: UUID, limit: int) -> QueueDepth:
    """Count the first attempts that aren't recorded yet, over the oldest `limit` events."""
    return _depth(await queries.backlog_count_queued(connection, organisation_id=organisation_id, limit=limit))


async def backlog_count_retrying(
    connection: Connection, *, organisation_id: UUID, limit: int
) -> tuple[QueueDepth, datetime | None]:
    """Count the deliveries that wait for their next attempt, up to a limit; also return when the next one is due."""
    record = await queries.backlog_count_retrying(connection, organisation_id=organisation_id, limit=limit)
    return _depth(record), record["next_attempt_at"]


async def backlog_count_waiting(connection: Connection, *, organisation_id: UUID, limit: int) -> QueueDepth:
    """Count the deliveries that must wait, up to a limit of each subscription."""
    return _depth(await queries.backlog_count_waiting(connection, organisation_id=organisation_id, limit=limit))


async def backlog_list_depths(connection: Connection, *, limit: int) -> dict[UUID, int]:
    """Count the events of each organisation that wait for their first attempts, up to a limit for each."""
    records = queries.backlog_list_depths(connection, limit=limit)
    return {record["organisation_id"]: record["depth"] async for record in records}


def _depth(record: asyncpg.Record) -> QueueDepth:
    return QueueDepth(count=record["count"], oldest_at=record["oldest_at"], is_more=record["is_more"])
