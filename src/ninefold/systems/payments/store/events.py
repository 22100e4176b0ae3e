"""Queries for events, and for the endpoints that get them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.events import Event, OwnedEvent, Snapshot, WebhookEndpoint
from ninefold.systems.payments.store.queries import columns_of, queries, read_row, read_row_or_none

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Snapshot).decode


async def event_claim_to_forward(connection: Connection, *, limit: int) -> list[Event]:
    """Lock events that webhook delivery hasn't got yet, oldest first; call it in a transaction."""
    return [read_event(row) async for row in queries.event_claim_to_forward(connection, limit=limit)]


async def event_delete_before(connection: Connection, *, before: datetime, limit: int) -> int:
    """Delete old events; return how many."""
    return int(await queries.event_delete_before(connection, before=before, limit=limit))


async def event_find(connection: Connection, *, merchant_id: UUID, event_id: UUID) -> Event | None:
    """Read one event of a merchant."""
    row = await queries.event_find(connection, merchant_id=merchant_id, event_id=event_id)
    return None if row is None else read_event(row)


async def event_insert_many(connection: Connection, events: Sequence[OwnedEvent], *, at: datetime) -> None:
    """Insert events; without an endpoint of its merchant that could get it, one counts as forwarded."""
    await queries.event_insert_many(
        connection,
        created_at=at,
        # In the order of the events, also within a millisecond.
        event_ids=sorted(new_id() for _ in events),
        organisation_ids=[each.organisation_id for each in events],
        merchant_ids=[each.merchant_id for each in events],
        types=[each.event.type for each in events],
        snapshots=[_encode(each.event.snapshot).decode() for each in events],
    )


async def event_mark_forwarded(connection: Connection, *, event_ids: Sequence[UUID], at: datetime) -> None:
    """Note that webhook delivery has got events."""
    await queries.event_mark_forwarded(connection, event_ids=event_ids, at=at)


# Any, because asyncpg's records are untyped.
def read_event(row: Any) -> Event:
    """Return a row as an event."""
    return Event(**{**row, "snapshot": _decode(row["snapshot"])})


async def webhook_endpoint_count(connection: Connection, *, merchant_id: UUID) -> int:
    """Count the endpoints of a merchant."""
    return int(await queries.webhook_endpoint_count(connection, merchant_id=merchant_id))


async def webhook_endpoint_delete(connection: Connection, *, webhook_endpoint_id: UUID) -> None:
    """Delete an endpoint."""
    await queries.webhook_endpoint_delete(connection, webhook_endpoint_id=webhook_endpoint_id)


async def webhook_endpoint_find(
    connection: Connection, *, merchant_id: UUID, webhook_endpoint_id: UUID
) -> WebhookEndpoint | None:
    """Read one endpoint of a merchant."""
    row = await queries.webhook_endpoint_find(
        connection, merchant_id=merchant_id, webhook_endpoint_id=webhook_endpoint_id
    )
    return read_row_or_none(WebhookEndpoint, row)


async def webhook_endpoint_list_enabled(
    connection: Connection, *, merchant_ids: Sequence[UUID]
) -> list[WebhookEndpoint]:
    """Read the enabled endpoints of merchants."""
    rows = queries.webhook_endpoint_list_enabled(connection, merchant_ids=merchant_ids)
    return [read_row(WebhookEndpoint, row) async for row in rows]


async def webhook_endpoint_save(connection: Connection, endpoint: WebhookEndpoint) -> None:
    """Store an endpoint."""
    await queries.webhook_endpoint_save(connection, **columns_of(endpoint))
