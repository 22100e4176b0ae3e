"""Events: what a merchant is told, written in the transaction of the change."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.errors import EventNotFoundError
from ninefold.systems.payments.model.events import EVENT_PREFIX, Event, NewEvent, OwnedEvent, Snapshot
from ninefold.systems.payments.model.merchants import Merchant
from ninefold.systems.payments.model.settlement import Payout
from ninefold.systems.payments.store import events as store


async def record_events(
    connection: Connection, owner: Merchant | Payout, events: Sequence[NewEvent], *, at: datetime
) -> None:
    """Store what a merchant is told; call it in the transaction of the change."""
    owned = [OwnedEvent(owner.organisation_id, owner.merchant_id, event) for event in events]
    await record_owned_events(connection, owned, at=at)


async def record_owned_events(connection: Connection, events: Sequence[OwnedEvent], *, at: datetime) -> None:
    """Store what merchants are told; call it in the transaction of the changes."""
    if events:
        await store.event_insert_many(connection, events, at=at)


async def get_event(connection: Connection, *, merchant_id: UUID, event_id: UUID) -> Event:
    """Return an event.

    Raises:
        EventNotFoundError: the merchant has no such event.
    """
    event = await store.event_find(connection, merchant_id=merchant_id, event_id=event_id)
    if event is None:
        raise EventNotFoundError(f"No such event: {format_id(EVENT_PREFIX, event_id)!r}", field="id")
    return event


async def record_payout_event(connection: Connection, event_type: str, payout: Payout, *, at: datetime) -> None:
    """Tell a merchant about its payout; call it in the transaction of the change."""
    await record_events(connection, payout, [NewEvent(event_type, Snapshot(payout=payout))], at=at)
