"""Queries for the export of an organisation."""

from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

import asyncpg

from ninefold.core.exports import ExportPage
from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.store.queries import queries

EVENTS: Final = 50
"""Events that are read at once. Each has up to a thousand deliveries."""

SUBSCRIPTIONS: Final = 1_000


async def export_list_events(connection: Connection, *, organisation_id: UUID, after: UUID) -> ExportPage:
    """Read events with their deliveries and attempts."""
    return await _page(
        queries.export_list_events(connection, organisation_id=organisation_id, after=after, limit=EVENTS), EVENTS
    )


async def export_list_subscriptions(connection: Connection, *, organisation_id: UUID, after: UUID) -> ExportPage:
    """Read subscriptions, also deleted ones."""
    return await _page(
        queries.export_list_subscriptions(
            connection, organisation_id=organisation_id, after=after, limit=SUBSCRIPTIONS
        ),
        SUBSCRIPTIONS,
    )


async def _page(found: AsyncIterator[asyncpg.Record], limit: int) -> ExportPage:
    records = [record async for record in found]
    return ExportPage(
        lines=[record["line"] for record in records], last=records[-1]["position"] if len(records) == limit else None
    )
