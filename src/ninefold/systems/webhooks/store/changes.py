"""Queries for what live feeds show: deliveries and subscriptions after a change."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model import CircuitState, DeliveryStatus, PauseReason
from ninefold.systems.webhooks.store.ordering import read_status
from ninefold.systems.webhooks.store.queries import queries


class ChangedDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery after a change."""

    delivery_id: UUID
    subscription_id: UUID
    event_id: UUID
    status: DeliveryStatus
    attempt_count: int
    next_attempt_at: datetime | None
    error_class: str | None


class SubscriptionHealth(msgspec.Struct, frozen=True, kw_only=True):
    """The pause and the circuit of a subscription."""

    subscription_id: UUID
    organisation_id: UUID
    is_deleted: bool
    pause_reason: PauseReason | None
    circuit_state: CircuitState
    consecutive_failures: int
    failing_since: datetime | None
    retry_at: datetime | None


async def delivery_list_changed(
    connection: Connection, *, delivery_ids: Collection[UUID], subscription_ids: Collection[UUID]
) -> list[ChangedDelivery]:
    """Read those of these deliveries that belong to some subscriptions."""
    records = queries.delivery_list_changed(
        connection, delivery_ids=list(delivery_ids), subscription_ids=list(subscription_ids)
    )
    return [msgspec.convert({**record, "status": read_status(record)}, ChangedDelivery) async for record in records]


async def subscription_list_health(
    connection: Connection, *, subscription_ids: Collection[UUID], organisation_ids: Collection[UUID]
) -> list[SubscriptionHealth]:
    """Read the health of those of these subscriptions that belong to some organisations, also of deleted ones."""
    records = queries.subscription_list_health(
        connection, subscription_ids=list(subscription_ids), organisation_ids=list(organisation_ids)
    )
    return [msgspec.convert(dict(record), SubscriptionHealth) async for record in records]
