"""Forwarding for other systems, as `contracts/webhooks.py` defines it.

A forwarded request is an event of a private type, and its target a subscription to this type alone. So retries, limits
and manual retries work as for every other delivery.
"""

from collections.abc import Sequence
from math import inf
from typing import Final
from uuid import UUID

from ninefold.contracts.webhooks import ForwardedRequest, ForwardTarget
from ninefold.core.egress import AddressPolicy
from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection
from ninefold.core.secrets import Sealer
from ninefold.systems.webhooks.errors import SubscriptionNotFoundError
from ninefold.systems.webhooks.model import EVENTS_CHANNEL, NewEvent
from ninefold.systems.webhooks.rules.event_types import PRIVATE_PREFIX
from ninefold.systems.webhooks.rules.forwarding import store_forwarded
from ninefold.systems.webhooks.service.recipients import RecipientCache
from ninefold.systems.webhooks.service.subscriptions import (
    SubscriptionChanges,
    create_subscription,
    delete_subscription,
    update_subscription,
)
from ninefold.systems.webhooks.store.events import event_insert_many


class WebhooksRequestForwarder:
    """Forwards requests as events of private types."""

    channel: Final = EVENTS_CHANNEL

    def __init__(self) -> None:
        self._recipient_cache = RecipientCache()

    async def open(
        self,
        connection: Connection,
        egress_policy: AddressPolicy,
        sealer: Sealer,
        *,
        organisation_id: UUID,
        route: str,
        url: str,
        description: str,
    ) -> ForwardTarget:
        """Create the subscription of a route.

        Raises:
            InvalidTargetError: requests can't be sent to this URL.
            TooManySubscriptionsError: the organisation has too many subscriptions.
        """
        created = await create_subscription(
            connection,
            egress_policy,
            sealer,
            organisation_id=organisation_id,
            fields=SubscriptionChanges(url=url, event_types=[_event_type(route)], description=description),
            retry_horizon_s=inf,
        )
        return ForwardTarget(subscription_id=created.subscription.subscription_id, secret=created.secret)

    async def change_url(
        self,
        connection: Connection,
        egress_policy: AddressPolicy,
        *,
        organisation_id: UUID,
        subscription_id: UUID,
        url: str,
    ) -> bool:
        """Let a target have another URL; return False if its subscription was deleted.

        Raises:
            InvalidTargetError: requests can't be sent to this URL.
        """
        try:
            await update_subscription(
                connection,
                egress_policy,
                organisation_id=organisation_id,
                subscription_id=subscription_id,
                changes=SubscriptionChanges(url=url),
                retry_horizon_s=inf,
            )
        except SubscriptionNotFoundError:
            return False
        return True

    async def close(self, connection: Connection, *, organisation_id: UUID, subscription_id: UUID) -> None:
        """Delete the subscription of a route, if it still exists."""
        try:
            await delete_subscription(connection, organisation_id=organisation_id, subscription_id=subscription_id)
        except SubscriptionNotFoundError:
            # Somebody has deleted it as a subscription.
            return

    async def forward(
        self, connection: Connection, *, organisation_id: UUID, route: str, requests: Sequence[ForwardedRequest]
    ) -> list[UUID]:
        """Forward requests in the caller's transaction; return the ids of their events, in order."""
        event_type = _event_type(route)
        recipients = await self._recipient_cache.current(connection, organisation_id)
        queued_deliveries = len(recipients.matching(event_type))
        events = [
            NewEvent(
                event_id=new_id(),
                organisation_id=organisation_id,
                event_type=event_type,
                payload=store_forwarded(request.headers, request.body, signature=request.signature),
                idempotency_key=None,
                queued_deliveries=queued_deliveries,
            )
            for request in requests
        ]
        await event_insert_many(connection, events=events)
        return [event.event_id for event in events]


def _event_type(route: str) -> str:
    return f"{PRIVATE_PREFIX}{route}"
