"""The order of deliveries: of those of one ordering key to one subscription, only one has its turn at any time.

A delivery in the order is held until its turn starts. Then it goes the way of every waiting delivery: through the gates
of its subscription, with retries. Its turn ends when it has ended, and the next one's starts in the same transaction.
"""

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from typing import Final
from uuid import UUID

import asyncpg

from ninefold.core.ids import derive_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model import NewEvent, Ordering, Recipient
from ninefold.systems.webhooks.model.ordering import KeyOfSubscription, OrderedDelivery, Turn
from ninefold.systems.webhooks.model.partitions import Partition
from ninefold.systems.webhooks.store import ordering as store

_START_TRIES: Final = 5
"""How often turns are started again after another transaction has just started one of them."""


def is_ordered(recipient: Recipient, ordering_key: str | None) -> bool:
    """Return whether an event with this key gets a place in the order of a recipient's deliveries."""
    return ordering_key is not None and recipient.ordering is Ordering.FIFO


async def insert_ordered(
    connection: Connection,
    events: Iterable[tuple[NewEvent, Sequence[Recipient], int]],
) -> None:
    """Put the deliveries of new events in order, behind those that were accepted earlier.

    Args:
        connection: the transaction in which the events are accepted.
        events: with the recipients that match each and its retention, in the order of acceptance.
    """
    deliveries = [
        OrderedDelivery(
            delivery_id=derive_id(event.event_id, recipient.subscription_id),
            organisation_id=event.organisation_id,
            event_id=event.event_id,
            subscription_id=recipient.subscription_id,
            ordering_key=event.ordering_key,
            tier=event.tier,
            retention=retention,
        )
        for event, recipients, retention in events
        for recipient in recipients
        if event.ordering_key is not None and is_ordered(recipient, event.ordering_key)
    ]
    if deliveries:
        await store.ordered_delivery_insert_many(connection, deliveries)


async def start_turns(connection: Connection, keys: Collection[KeyOfSubscription]) -> list[Turn]:
    """Start the turns of the first deliveries of those of these keys that have no current one."""
    if not keys:
        return []
    for _ in range(_START_TRIES - 1):
        # Another transaction may have started a turn since the statement began. The next one sees it.
        with suppress(asyncpg.UniqueViolationError):
            async with connection.transaction():
                return await store.ordered_delivery_start_turns(connection, keys)
    return await store.ordered_delivery_start_turns(connection, keys)


async def start_turns_of_events(connection: Connection, *, event_ids: Collection[UUID]) -> list[Turn]:
    """Start the turns of those deliveries of events that nothing comes before.

    Deliveries to subscriptions that were deleted while the events were accepted are canceled.
    """
    await store.ordered_delivery_cancel_deleted(connection, event_ids=event_ids)
    keys = await store.ordered_delivery_list_keys(connection, event_ids=event_ids)
    await store.ordered_delivery_lock_turns(connection, keys)
    return await start_turns(connection, keys)


async def end_turns(connection: Connection, delivery_ids: Collection[UUID]) -> list[Turn]:
    """End the turns of those of these deliveries that have ended, and start the next ones.

    One that has failed for good blocks its key if its subscription says so. Deliveries that aren't in any order, or
    that haven't ended, don't matter.

    Returns:
        The turns that have begun.
    """
    if not delivery_ids:
        return []
    keys = await store.ordered_delivery_end_turns(connection, delivery_ids=delivery_ids)
    return await start_turns(connection, keys)


async def expire_held(connection: Connection, partition: Partition, *, limit: int) -> list[UUID]:
    """End some of what a partition holds as failed, because its retention is over; return the deliveries' ids.

    A key that has no current delivery goes on with what came later. What blocks a key stays, until its partition is
    dropped.
    """
    keys = await store.ordered_delivery_list_held_keys(connection, partition, limit=limit)
    if not keys:
        return []
    await store.ordered_delivery_lock_turns(connection, keys)
    delivery_ids = await store.ordered_delivery_expire_held(connection, partition, keys, limit=limit)
    await start_turns(connection, keys)
    return delivery_ids


async def leave_order(connection: Connection, partition: Partition) -> list[KeyOfSubscription]:
    """Take the deliveries of a partition that will be dropped out of the order; return the keys that may go on."""
    return await store.ordered_delivery_delete_unkept(connection, partition)


async def unblock_keys(connection: Connection, *, subscription_id: UUID) -> None:
    """Let all keys of a subscription go on that are blocked although it no longer says that a failure blocks."""
    await end_turns(connection, await store.ordered_delivery_list_blocking(connection, subscription_id=subscription_id))
