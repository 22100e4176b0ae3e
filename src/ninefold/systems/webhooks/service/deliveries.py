"""Read events and deliveries, and retry deliveries manually."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import derive_id, format_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.errors import (
    DeliveryHeldError,
    DeliveryNotFoundError,
    DeliveryRunningError,
    EventNotFoundError,
    EventTypeUnwantedError,
    SubscriptionDeletedError,
    SubscriptionPausedError,
)
from ninefold.systems.webhooks.model import (
    DELIVERY_PREFIX,
    EVENT_PREFIX,
    SUBSCRIPTION_PREFIX,
    Delivery,
    DeliveryStatus,
    Event,
    EventStatus,
    LockedDelivery,
)
from ninefold.systems.webhooks.model.attempts import Attempt
from ninefold.systems.webhooks.rules.event_types import patterns_regex, wants
from ninefold.systems.webhooks.service.changes import announce_changes
from ninefold.systems.webhooks.service.recipients import RecipientCache
from ninefold.systems.webhooks.service.subscriptions import SUBSCRIPTIONS_MAX, get_subscription
from ninefold.systems.webhooks.store import deliveries as store
from ninefold.systems.webhooks.store.events import event_find, event_find_payload, event_list, event_list_queued

ATTEMPTS_SHOWN_MAX: Final = 20
"""The latest attempts shown for each delivery. A round has six attempts by default."""

ATTEMPTS_PER_ANSWER_MAX: Final = 2_000
"""Attempts in one response. With more than 100 deliveries in it, fewer attempts of each are shown."""

BODIES_PER_ANSWER_BYTES_MAX: Final = 8 * 1024 * 1024
"""The size of all receivers' response bodies in one response. With many attempts, each body is truncated further."""


class DeliveryWithAttempts(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery and its latest attempts, oldest first."""

    delivery: Delivery
    attempts: Sequence[Attempt]
    body_bytes_max: int = BODIES_PER_ANSWER_BYTES_MAX
    """How much of each response body the answer has room for, once it is decompressed."""


class EventWithDeliveries(msgspec.Struct, frozen=True, kw_only=True):
    """An event with its payload and its deliveries."""

    event: Event
    payload: bytes
    deliveries: Sequence[DeliveryWithAttempts]


async def get_event(
    connection: Connection, recipient_cache: RecipientCache, *, organisation_id: UUID, event_id: UUID
) -> EventWithDeliveries:
    """Return an event with all its deliveries, including those without an attempt.

    Raises:
        EventNotFoundError: the organisation has no event with this id.
    """
    event = await event_find(connection, organisation_id=organisation_id, event_id=event_id)
    payload = await event_find_payload(connection, organisation_id=organisation_id, event_id=event_id)
    if event is None or payload is None:
        raise EventNotFoundError(
            f"There is no event {format_id(EVENT_PREFIX, event_id)}.",
            remedy="List the events to see their ids.",
        )
    deliveries = await store.delivery_list_by_event(
        connection, organisation_id=organisation_id, event_id=event_id, limit=SUBSCRIPTIONS_MAX
    )
    if event.status == EventStatus.QUEUED:
        deliveries += await _queued_deliveries(connection, recipient_cache, event=event, known=deliveries)
    return EventWithDeliveries(event=event, payload=payload, deliveries=await with_attempts(connection, deliveries))


async def list_events(connection: Connection, *, organisation_id: UUID, before: UUID | None, limit: int) -> list[Event]:
    """Return events with ids before one, newest first."""
    return await event_list(connection, organisation_id=organisation_id, before=before, limit=limit)


async def get_delivery(connection: Connection, *, organisation_id: UUID, delivery_id: UUID) -> DeliveryWithAttempts:
    """Return one delivery with its attempts.

    Raises:
        DeliveryNotFoundError: the organisation has no delivery with this id, or it has no outcome yet.
    """
    delivery = await store.delivery_find(connection, organisation_id=organisation_id, delivery_id=delivery_id)
    if delivery is None:
        raise _not_found(delivery_id)
    return (await with_attempts(connection, [delivery]))[0]


async def list_deliveries(
    connection: Connection,
    *,
    organisation_id: UUID,
    subscription_id: UUID,
    status: DeliveryStatus | None,
    before: UUID | None,
    limit: int,
) -> list[DeliveryWithAttempts]:
    """Return the deliveries to a subscription that have an outcome, with ids before one, newest event first.

    Raises:
        SubscriptionNotFoundError: the organisation has no subscription with this id.
    """
    await get_subscription(connection, organisation_id=organisation_id, subscription_id=subscription_id)
    deliveries = await store.delivery_list_by_subscription(
        connection,
        organisation_id=organisation_id,
        subscription_id=subscription_id,
        status=status,
        before=before,
        limit=limit,
    )
    return await with_attempts(connection, deliveries)


async def list_queued_deliveries(
    connection: Connection, *, organisation_id: UUID, subscription_id: UUID, before: UUID | None, limit: int
) -> list[DeliveryWithAttempts]:
    """Return the deliveries to a subscription that have no outcome yet, of events with ids before one, newest first.

    Raises:
        SubscriptionNotFoundError: the organisation has no subscription with this id.
    """
    subscription = await get_subscription(connection, organisation_id=organisation_id, subscription_id=subscription_id)
    own_retry_count = _count(None if subscription.retry_plan is None else subscription.retry_plan.delays_s)
    queued: list[Delivery] = []
    while len(queued) < limit:
        events = await event_list_queued(
            connection,
            organisation_id=organisation_id,
            event_type_regex=patterns_regex(subscription.event_types),
            since=subscription.created_at,
            before=before,
            limit=limit,
        )
        deliveries = [
            _queued_delivery(event, subscription_id=subscription_id, own_retry_count=own_retry_count)
            for event in events
        ]
        recorded = await store.delivery_list_recorded(
            connection, delivery_ids=[delivery.delivery_id for delivery in deliveries]
        )
        queued += [delivery for delivery in deliveries if delivery.delivery_id not in recorded]
        if len(events) < limit:
            break
        before = events[-1].event_id
    return [DeliveryWithAttempts(delivery=delivery, attempts=[]) for delivery in queued[:limit]]


async def retry_delivery(connection: Connection, *, organisation_id: UUID, delivery_id: UUID) -> datetime:
    """Start a new round of attempts now, with the same id and body; return when the first one is due.

    A delivery can be retried in every status, except while an attempt is in progress, or while it waits for an earlier
    one of its ordering key. The attempt is made even if the circuit of its subscription is open or a limit is reached;
    if it succeeds, the circuit closes.

    Raises:
        DeliveryNotFoundError: the organisation has no delivery with this id, or it has no outcome yet.
        DeliveryRunningError: an attempt is in progress.
        DeliveryHeldError: it waits for an earlier one of its ordering key.
        SubscriptionDeletedError: the delivery's subscription has been deleted.
        SubscriptionPausedError: the delivery's subscription is paused.
        EventTypeUnwantedError: the delivery's subscription no longer wants this event type.
    """
    locked = await store.delivery_lock(connection, organisation_id=organisation_id, delivery_id=delivery_id)
    if locked is None:
        raise _not_found(delivery_id)
    _check_retry(locked, delivery_text=format_id(DELIVERY_PREFIX, delivery_id))
    scheduled_at = await store.delivery_schedule_now(connection, delivery_id=delivery_id)
    await announce_changes(connection, delivery_ids=[delivery_id])
    return scheduled_at


def _check_retry(locked: LockedDelivery, *, delivery_text: str) -> None:
    """Refuse a retry that can't be made, with the remedy."""
    if locked.is_subscription_deleted:
        raise SubscriptionDeletedError(
            f"The subscription of {delivery_text} has been deleted.",
            remedy="Create a new subscription for the receiver and publish the event again.",
        )
    if not wants(locked.event_type, locked.event_types):
        raise EventTypeUnwantedError(
            f"The subscription of {delivery_text} no longer wants {locked.event_type}.",
            remedy="Add the type to the subscription's event_types, then retry.",
        )
    if locked.is_subscription_paused:
        subscription_text = format_id(SUBSCRIPTION_PREFIX, locked.subscription_id)
        raise SubscriptionPausedError(
            f"The subscription of {delivery_text} is paused.",
            remedy=f"Resume {subscription_text}: set its is_active to true. What waits for it is then sent; retry what "
            "doesn't wait.",
        )
    if locked.is_held:
        raise DeliveryHeldError(
            f"{delivery_text} waits for an earlier delivery of its ordering key.",
            remedy="Nothing needs to be done unless the key is blocked: the blocked keys of the subscription have the "
            "delivery to retry or skip.",
        )
    if locked.is_running:
        raise DeliveryRunningError(
            f"An attempt of {delivery_text} is in progress.",
            remedy="Wait for its outcome, then retry if necessary.",
        )


async def with_attempts(connection: Connection, deliveries: Sequence[Delivery]) -> list[DeliveryWithAttempts]:
    """Return deliveries with their latest attempts, as many as fit into one response."""
    shown_max = max(1, min(ATTEMPTS_SHOWN_MAX, ATTEMPTS_PER_ANSWER_MAX // max(1, len(deliveries))))
    body_bytes_max = BODIES_PER_ANSWER_BYTES_MAX // max(1, len(deliveries) * shown_max)
    attempts = await store.delivery_list_attempts(
        connection,
        delivery_ids=[delivery.delivery_id for delivery in deliveries],
        attempts_max=shown_max,
        body_bytes_max=body_bytes_max,
    )
    return [
        DeliveryWithAttempts(
            delivery=delivery, attempts=attempts.get(delivery.delivery_id, []), body_bytes_max=body_bytes_max
        )
        for delivery in deliveries
    ]


async def _queued_deliveries(
    connection: Connection, recipient_cache: RecipientCache, *, event: Event, known: Sequence[Delivery]
) -> list[Delivery]:
    """Return the deliveries of an event that have no outcome, and therefore no row, yet."""
    recipients = await recipient_cache.current(connection, event.organisation_id)
    known_subscriptions = {delivery.subscription_id for delivery in known}
    return [
        _queued_delivery(
            event, subscription_id=recipient.subscription_id, own_retry_count=_count(recipient.retry_delays_s)
        )
        for recipient in recipients.matching(event.event_type)
        if recipient.created_at <= event.accepted_at and recipient.subscription_id not in known_subscriptions
    ]


def _count(delays_s: Sequence[float] | None) -> int | None:
    return None if delays_s is None else len(delays_s)


def _queued_delivery(event: Event, *, subscription_id: UUID, own_retry_count: int | None) -> Delivery:
    return Delivery(
        delivery_id=derive_id(event.event_id, subscription_id),
        organisation_id=event.organisation_id,
        event_id=event.event_id,
        event_type=event.event_type,
        subscription_id=subscription_id,
        status=DeliveryStatus.QUEUED,
        attempt_count=0,
        round_attempt_count=0,
        next_attempt_at=None,
        created_at=event.accepted_at,
        finished_at=None,
        is_running=False,
        tier=event.tier,
        own_retry_count=own_retry_count,
    )


def _not_found(delivery_id: UUID) -> DeliveryNotFoundError:
    return DeliveryNotFoundError(
        f"There is no delivery {format_id(DELIVERY_PREFIX, delivery_id)} with a completed attempt.",
        remedy="To find the id, list the deliveries of the subscription or show the event.",
    )
