"""Tests of a subscription: an event for it alone, which goes the way of every delivery.

A test is made at once, even if the circuit is open or a limit is reached, as if a person had asked for a retry.
"""

from uuid import UUID

import msgspec

from ninefold.core.ids import derive_id, format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.errors import SubscriptionPausedError
from ninefold.systems.webhooks.model import SUBSCRIPTION_PREFIX, SentTest
from ninefold.systems.webhooks.rules.event_types import TEST_EVENT_TYPE
from ninefold.systems.webhooks.service.changes import announce_changes
from ninefold.systems.webhooks.service.subscriptions import get_subscription
from ninefold.systems.webhooks.store.deliveries import delivery_insert_test
from ninefold.systems.webhooks.store.events import event_insert_test


async def send_test(connection: Connection, *, organisation_id: UUID, subscription_id: UUID) -> SentTest:
    """Store an event for one subscription, whose first attempt is due now.

    Raises:
        SubscriptionNotFoundError: the organisation has no subscription with this id.
        SubscriptionPausedError: the subscription is paused, so that nothing is sent.
    """
    subscription = await get_subscription(connection, organisation_id=organisation_id, subscription_id=subscription_id)
    subscription_text = format_id(SUBSCRIPTION_PREFIX, subscription_id)
    if subscription.paused_at is not None:
        raise SubscriptionPausedError(
            f"{subscription_text} is paused.", remedy="Resume it: set its is_active to true. Then send the test."
        )
    event_id = new_id()
    sent = SentTest(event_id=event_id, delivery_id=derive_id(event_id, subscription_id))
    retention = await event_insert_test(
        connection,
        organisation_id=organisation_id,
        event_id=event_id,
        event_type=TEST_EVENT_TYPE,
        payload=_payload(subscription_text),
    )
    await delivery_insert_test(
        connection,
        organisation_id=organisation_id,
        subscription_id=subscription_id,
        event_id=event_id,
        delivery_id=sent.delivery_id,
        retention=retention,
    )
    await announce_changes(connection, delivery_ids=[sent.delivery_id])
    return sent


def _payload(subscription_text: str) -> bytes:
    return msgspec.json.encode(
        {
            "type": TEST_EVENT_TYPE,
            "message": "A test of this subscription, sent by Ninefold. Nothing has happened.",
            "subscription_id": subscription_text,
        }
    )
