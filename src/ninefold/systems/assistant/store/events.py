"""Queries for the logs of responses."""

from collections.abc import AsyncIterator, Collection, Sequence
from uuid import UUID

import asyncpg

from ninefold.core.postgres.database import Connection
from ninefold.systems.assistant.model import LogEvent, NewEvent
from ninefold.systems.assistant.store.queries import queries


async def event_insert(connection: Connection, *, events: Sequence[tuple[UUID, int, NewEvent]]) -> None:
    """Insert events, each with its response and its number, in the transaction that has given them their numbers."""
    await queries.event_insert(
        connection,
        response_ids=[response_id for response_id, _, _ in events],
        sequences=[sequence for _, sequence, _ in events],
        types=[event.type for _, _, event in events],
        payloads=[event.payload.decode() for _, _, event in events],
    )


async def event_list(
    connection: Connection, *, cursors: Collection[tuple[UUID, int]], limit: int
) -> dict[UUID, list[LogEvent]]:
    """Read the next events of several logs.

    Args:
        connection: any connection.
        cursors: pairs of a response and the number of the last event that is known; -1 for none.
        limit: how many of each log.
    """
    records = queries.event_list(
        connection,
        response_ids=[response_id for response_id, _ in cursors],
        after=[after for _, after in cursors],
        limit=limit,
    )
    return await _by_response(records)


async def event_list_all(connection: Connection, *, response_ids: Collection[UUID]) -> dict[UUID, list[LogEvent]]:
    """Read the whole logs of several responses."""
    return await _by_response(queries.event_list_all(connection, response_ids=list(response_ids)))


async def _by_response(records: AsyncIterator[asyncpg.Record]) -> dict[UUID, list[LogEvent]]:
    found: dict[UUID, list[LogEvent]] = {}
    async for record in records:
        event = LogEvent(sequence=record["sequence"], type=record["type"], payload=record["payload"].encode())
        found.setdefault(record["response_id"], []).append(event)
    return found
