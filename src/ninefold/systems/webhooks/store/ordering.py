"""Queries for the order of deliveries: put them in order, start and end their turns, list what is blocked."""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model import HELD, TIERS, DeliveryStatus
from ninefold.systems.webhooks.model.alerts import SubscriptionCount
from ninefold.systems.webhooks.model.ordering import BlockedKey, KeyOfSubscription, OrderedDelivery, Place, Turn
from ninefold.systems.webhooks.model.partitions import Partition
from ninefold.systems.webhooks.store.partitions import range_of
from ninefold.systems.webhooks.store.queries import queries

KEYS_MAX: Final = 1_000
"""Blocked keys that are counted of each subscription."""


def read_status(record: asyncpg.Record) -> DeliveryStatus:
    """Return the status of a delivery's row as users see it: what is held for its turn is waiting."""
    status: str = record["status"]
    return DeliveryStatus.WAITING if status == HELD else DeliveryStatus(status)


async def ordered_delivery_cancel_deleted(connection: Connection, *, event_ids: Collection[UUID]) -> None:
    """Cancel the held deliveries of these events whose subscriptions have been deleted."""
    await queries.ordered_delivery_cancel_deleted(connection, event_ids=list(event_ids))


async def ordered_delivery_count_blocked(connection: Connection, *, limit: int) -> int:
    """Count the ordering keys whose current delivery has failed for good, up to a limit."""
    count: int = await queries.ordered_delivery_count_blocked(connection, limit=limit)
    return count


async def ordered_delivery_delete(connection: Connection, *, delivery_ids: Sequence[UUID]) -> None:
    """Take deliveries that were canceled out of the order, without a turn for the next ones."""
    await queries.ordered_delivery_delete(connection, delivery_ids=delivery_ids)


async def ordered_delivery_delete_unkept(connection: Connection, partition: Partition) -> list[KeyOfSubscription]:
    """Take the deliveries of a partition out of the order before it is dropped; return their keys."""
    return [_key(record) async for record in queries.ordered_delivery_delete_unkept(connection, **range_of(partition))]


async def ordered_delivery_end_turns(
    connection: Connection, *, delivery_ids: Collection[UUID]
) -> list[KeyOfSubscription]:
    """Take those of these deliveries that have ended out of the order, except those that block their keys.

    Returns:
        The keys of those that were taken out.
    """
    records = queries.ordered_delivery_end_turns(connection, delivery_ids=list(delivery_ids))
    return [_key(record) async for record in records]


async def ordered_delivery_expire_held(
    connection: Connection, partition: Partition, keys: Collection[KeyOfSubscription], *, limit: int
) -> list[UUID]:
    """End some deliveries of these keys that a partition holds as failed, because its retention is over."""
    records = queries.ordered_delivery_expire_held(connection, **range_of(partition), **_columns(keys), limit=limit)
    return [record["delivery_id"] async for record in records]


async def ordered_delivery_find(connection: Connection, *, organisation_id: UUID, delivery_id: UUID) -> Place | None:
    """Return the place of an organisation's delivery; None if it isn't in any order, or no longer."""
    record = await queries.ordered_delivery_find(connection, organisation_id=organisation_id, delivery_id=delivery_id)
    return None if record is None else Place(key=_key(record), is_current=record["is_current"])


async def ordered_delivery_insert_many(connection: Connection, deliveries: Sequence[OrderedDelivery]) -> None:
    """Insert deliveries that are held until it is their turn, in this order."""
    await queries.ordered_delivery_insert_many(
        connection,
        delivery_ids=[each.delivery_id for each in deliveries],
        organisation_ids=[each.organisation_id for each in deliveries],
        event_ids=[each.event_id for each in deliveries],
        subscription_ids=[each.subscription_id for each in deliveries],
        ordering_keys=[each.ordering_key for each in deliveries],
        tiers=[TIERS.index(each.tier) for each in deliveries],
        retentions=[each.retention for each in deliveries],
    )


async def ordered_delivery_list_blocked(
    connection: Connection, *, subscription_id: UUID, after: int, waiting_max: int, limit: int
) -> list[BlockedKey]:
    """Read the blocked keys of a subscription that follow a position, those accepted first first."""
    records = queries.ordered_delivery_list_blocked(
        connection, subscription_id=subscription_id, after=after, waiting_max=waiting_max, limit=limit
    )
    return [msgspec.convert(dict(record), BlockedKey) async for record in records]


async def ordered_delivery_list_blocked_subscriptions(
    connection: Connection, *, organisation_id: UUID, limit: int
) -> list[SubscriptionCount]:
    """Count the blocked keys of an organisation by subscription; those with the most first."""
    records = queries.ordered_delivery_list_blocked_subscriptions(
        connection, organisation_id=organisation_id, keys_max=KEYS_MAX, limit=limit
    )
    return [msgspec.convert(dict(record), SubscriptionCount) async for record in records]


async def ordered_delivery_list_blocking(connection: Connection, *, subscription_id: UUID) -> list[UUID]:
    """Read all deliveries of a subscription that block their keys."""
    records = queries.ordered_delivery_list_blocking(connection, subscription_id=subscription_id)
    return [record["delivery_id"] async for record in records]


async def ordered_delivery_list_held_keys(
    connection: Connection, partition: Partition, *, limit: int
) -> list[KeyOfSubscription]:
    """Read some keys of the deliveries that a partition holds."""
    records = queries.ordered_delivery_list_held_keys(connection, **range_of(partition), limit=limit)
    return [_key(record) async for record in records]


async def ordered_delivery_list_keys(connection: Connection, *, event_ids: Collection[UUID]) -> list[KeyOfSubscription]:
    """Read the keys of the deliveries of these events that haven't ended; not of deleted subscriptions."""
    records = queries.ordered_delivery_list_keys(connection, event_ids=list(event_ids))
    return [_key(record) async for record in records]


async def ordered_delivery_lock_turns(connection: Connection, keys: Collection[KeyOfSubscription]) -> None:
    """Keep the turns of the current deliveries of some keys from ending until the transaction ends."""
    async for _ in queries.ordered_delivery_lock_turns(connection, **_columns(keys)):
        pass


async def ordered_delivery_start_turns(connection: Connection, keys: Collection[KeyOfSubscription]) -> list[Turn]:
    """Start the turns of the first deliveries of those of these keys that have no current one.

    Raises:
        asyncpg.UniqueViolationError: another transaction has just started a turn of one of the keys, with an event
            that was accepted at the same time. Nothing is started, and the transaction is aborted.
    """
    records = queries.ordered_delivery_start_turns(connection, **_columns(keys))
    return [msgspec.convert(dict(record), Turn) async for record in records]


def _key(record: asyncpg.Record) -> KeyOfSubscription:
    return KeyOfSubscription(record["subscription_id"], record["ordering_key"])


def _columns(keys: Collection[KeyOfSubscription]) -> dict[str, list[object]]:
    return {
        "subscription_ids": [key.subscription_id for key in keys],
        "ordering_keys": [key.ordering_key for key in keys],
    }
