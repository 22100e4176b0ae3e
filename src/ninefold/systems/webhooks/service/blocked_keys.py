"""What a person can do about ordering keys that are blocked: list them, and skip the delivery that blocks one."""

from typing import Final
from uuid import UUID

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.errors import DeliveryNotFoundError, DeliveryNotOrderedError, DeliveryRunningError
from ninefold.systems.webhooks.model import DELIVERY_PREFIX
from ninefold.systems.webhooks.model.ordering import BlockedKey
from ninefold.systems.webhooks.service.changes import announce_changes
from ninefold.systems.webhooks.service.ordering import start_turns
from ninefold.systems.webhooks.service.subscriptions import get_subscription
from ninefold.systems.webhooks.store import ordering as store
from ninefold.systems.webhooks.store.deliveries import delivery_cancel_recorded, delivery_find, delivery_lock

WAITING_COUNTED_MAX: Final = 1_000
"""Deliveries that are counted behind each blocked one."""


async def skip_delivery(connection: Connection, *, organisation_id: UUID, delivery_id: UUID) -> None:
    """Let the later deliveries of its key go on without this one.

    If it has failed, it stays a dead letter; otherwise it is canceled.

    Raises:
        DeliveryNotFoundError: the organisation has no delivery with this id.
        DeliveryNotOrderedError: no delivery waits for it to end, and it doesn't wait for another one.
        DeliveryRunningError: an attempt is in progress.
    """
    place = await store.ordered_delivery_find(connection, organisation_id=organisation_id, delivery_id=delivery_id)
    if place is None:
        await _refuse_unordered(connection, organisation_id=organisation_id, delivery_id=delivery_id)
        return
    if not place.is_current:
        # Locks are taken in the order in which the end of a turn takes them: the current delivery's, then this one's.
        await store.ordered_delivery_lock_turns(connection, [place.key])
    locked = await delivery_lock(connection, organisation_id=organisation_id, delivery_id=delivery_id)
    if locked is not None and locked.is_running:
        raise DeliveryRunningError(
            f"An attempt of {format_id(DELIVERY_PREFIX, delivery_id)} is in progress.",
            remedy="Wait for its outcome, then skip the delivery if necessary.",
        )
    await delivery_cancel_recorded(connection, delivery_ids=[delivery_id])
    await store.ordered_delivery_delete(connection, delivery_ids=[delivery_id])
    turns = await start_turns(connection, [place.key])
    await announce_changes(connection, delivery_ids=[delivery_id, *(turn.delivery_id for turn in turns)])


async def list_blocked_keys(
    connection: Connection, *, organisation_id: UUID, subscription_id: UUID, after: int, limit: int
) -> list[BlockedKey]:
    """Return the blocked keys of a subscription that follow a position.

    Raises:
        SubscriptionNotFoundError: the organisation has no subscription with this id.
    """
    await get_subscription(connection, organisation_id=organisation_id, subscription_id=subscription_id)
    return await store.ordered_delivery_list_blocked(
        connection, subscription_id=subscription_id, after=after, waiting_max=WAITING_COUNTED_MAX, limit=limit
    )


async def _refuse_unordered(connection: Connection, *, organisation_id: UUID, delivery_id: UUID) -> None:
    delivery_text = format_id(DELIVERY_PREFIX, delivery_id)
    if await delivery_find(connection, organisation_id=organisation_id, delivery_id=delivery_id) is None:
        raise DeliveryNotFoundError(
            f"There is no delivery {delivery_text}.", remedy="List the blocked keys of the subscription to see the ids."
        )
    raise DeliveryNotOrderedError(
        f"No delivery waits for {delivery_text} to end.",
        remedy="Nothing needs to be done: only a delivery with an ordering key, to a subscription with ordering fifo, "
        "can hold up others.",
    )
