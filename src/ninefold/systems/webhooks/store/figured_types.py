"""Queries for the event types that have figures of their own."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import asyncpg

from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model.figures import FigureKey
from ninefold.systems.webhooks.store.queries import queries


async def figured_type_add(
    connection: Connection, keys: Sequence[FigureKey], *, event_types_max: int, pairs_max: int
) -> set[FigureKey]:
    """List event types, the first of them first, while there is room; return those that are listed now.

    Args:
        connection: the transaction.
        keys: event types of organisations and of subscriptions.
        event_types_max: how many of an organisation can be listed.
        pairs_max: how many of its subscriptions can be listed, together.
    """
    records = queries.figured_type_add(
        connection, **_columns(keys), event_types_max=event_types_max, pairs_max=pairs_max
    )
    return await _read(records)


async def figured_type_delete_unused(connection: Connection, *, before: datetime, limit: int) -> int:
    """Take event types off the list that were added before a time and have no figures since; return how many."""
    deleted: int = await queries.figured_type_delete_unused(connection, before=before, limit=limit)
    return deleted


async def figured_type_find(connection: Connection, keys: Sequence[FigureKey]) -> set[FigureKey]:
    """Return which of these event types are listed."""
    return await _read(queries.figured_type_find(connection, **_columns(keys)))


def _columns(keys: Sequence[FigureKey]) -> dict[str, object]:
    return {
        "organisation_ids": [key.organisation_id for key in keys],
        "subscription_ids": [key.subscription_id for key in keys],
        "event_types": [key.event_type for key in keys],
    }


async def _read(records: AsyncIterator[asyncpg.Record]) -> set[FigureKey]:
    return {FigureKey(*record) async for record in records}
