"""Queries that count the deliveries of an organisation that aren't finished."""

from datetime import datetime
from uuid import UUID

import asyncpg

from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model.figures import QueueDepth
from ninefold.systems.webhooks.store.queries import queries


async def backlog_count_retrying(
    connection: Connection, *, organisation_id: UUID, limit: int
) -> tuple[dict[int, QueueDepth], datetime | None]:
    """Count the deliveries that wait for their next attempt, up to a limit, by tier; also return when one is due."""
    records = [
        record
        async for record in queries.backlog_count_retrying(connection, organisation_id=organisation_id, limit=limit)
    ]
    due_at = min((record["next_attempt_at"] for record in records), default=None)
    return {record["tier"]: _depth(record) for record in records}, due_at


async def backlog_count_waiting(connection: Connection, *, organisation_id: UUID, limit: int) -> dict[int, QueueDepth]:
    """Count the deliveries that must wait, up to a limit of each subscription and tier; by tier."""
    records = queries.backlog_count_waiting(connection, organisation_id=organisation_id, limit=limit)
    return {record["tier"]: _depth(record) async for record in records}


def _depth(record: asyncpg.Record) -> QueueDepth:
    return QueueDepth(count=record["count"], oldest_at=record["oldest_at"], is_more=record["is_more"])
