"""Events and deliveries as they are seen, and the retry by hand."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import derive_id, format_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.errors import (
    DeliveryNotFoundError,
    DeliveryRunningError,
    EventNotFoundError,
    SubscriptionDeletedError,
)
from ninefold.systems.webhooks.model import (
    DELIVERY_PREFIX,
    EVENT_PREFIX,
    Attempt,
    Delivery,
    DeliveryStatus,
    Event,
    EventStatus,
)
from ninefold.systems.webhooks.rules.event_types import wanted_form
from ninefold.systems.webhooks.service.directory import RecipientDirectory
from ninefold.systems.webhooks.service.subscriptions import SUBSCRIPTIONS_MAX, get_subscription
from ninefold.systems.webhooks.store import deliveries as store
from ninefold.systems.webhooks.store.events import event_find, event_find_payload, event_list, event_list_queued

ATTEMPTS_SHOWN_MAX: Final = 20
"""Per delivery, the last ones. A round has six by default."""

ATTEMPTS_PER_ANSWER_MAX: Final = 2_000
"""Shared by the deliveries of an answer: with more than a hundred of them, each shows fewer attempts."""

BODIES_PER_ANSWER_BYTES_MAX: Final = 8 * 1024 * 1024
"""Shared likewise by the response bodies of an answer: with many attempts, each shows only its beginning."""


class DeliveryWithAttempts(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery, and its last attempts, oldest first."""

    delivery: Delivery
    attempts: Sequence[Attempt]


class EventWithDeliveries(msgspec.Struct, frozen=True, kw_only=True):
    """An event with its payload, and its delivery to each subscription."""

    event: Event
    payload: bytes
    deliveries: Sequence[DeliveryWithAttempts]


async def get_event(
    connection: Connection, directory: RecipientDirectory, *, organisation_id: UUID, event_id: UUID
) -> EventWithDeliveries:
    """Return an event with its deliveries, those included that no attempt has been made for.

    Raises:
        EventNotFoundError: the organisation has none of this id.
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
        deliveries += await _queued_deliveries(connection, directory, event=event, known=deliveries)
    return EventWithDeliveries(event=event, payload=payload, deliveries=await _with_attempts(connection, deliveries))


async def list_events(connection: Connection, *, organisation_id: UUID, before: UUID | None, limit: int) -> list[Event]:
    """Return events, newest first, those before an id."""
    return await event_list(connection, organisation_id=organisation_id, before=before, limit=limit)


async def get_delivery(connection: Connection, *, organisation_id: UUID, delivery_id: UUID) -> DeliveryWithAttempts:
    """Return one delivery with its attempts.

    Raises:
        DeliveryNotFoundError: the organisation has none of this id with an outcome.
    """
    delivery = await store.delivery_find(connection, organisation_id=organisation_id, delivery_id=delivery_id)
    if delivery is None:
        raise _not_found(delivery_id)
    return (await _with_attempts(connection, [delivery]))[0]


async def list_deliveries(
    connection: Connection,
    *,
    organisation_id: UUID,
    subscription_id: UUID,
    status: DeliveryStatus | None,
    before: UUID | None,
    limit: int,
) -> list[DeliveryWithAttempts]:
    """Return the deliveries to a subscription that have an outcome, newest event first, those before an id.

    Raises:
        SubscriptionNotFoundError: the organisation has none of this id.
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
    return await _with_attempts(connection, deliveries)


async def list_queued_deliveries(
    connection: Connection, *, organisation_id: UUID, subscription_id: UUID, before: UUID | None, limit: int
) -> list[DeliveryWithAttempts]:
    """Return the deliveries to a subscription that have no outcome yet, newest event first, of events before an id.

    Raises:
        SubscriptionNotFoundError: the organisation has none of this id.
    """
    subscription = await get_subscription(connection, organisation_id=organisation_id, subscription_id=subscription_id)
    queued: list[Delivery] = []
    while len(queued) < limit:
        events = await event_list_queued(
            connection,
            organisation_id=organisation_id,
            wanted_form=wanted_form(subscription.event_types),
            since=subscription.created_at,
            before=before,
            limit=limit,
        )
        deliveries = [_queued_delivery(event, subscription_id=subscription_id) for event in events]
        known = await store.delivery_list_known(
            connection, delivery_ids=[delivery.delivery_id for delivery in deliveries]
        )
        queued += [delivery for delivery in deliveries if delivery.delivery_id not in known]
        if len(events) < limit:
            break
        before = events[-1].event_id
    return [DeliveryWithAttempts(delivery=delivery, attempts=[]) for delivery in queued[:limit]]


async def retry_delivery(connection: Connection, *, organisation_id: UUID, delivery_id: UUID) -> datetime:
    """Begin a new round of attempts at once, with the same bytes and ids; return when it was scheduled.

    It works in every state but one: not while an attempt is under way.

    Raises:
        DeliveryNotFoundError: the organisation has none of this id with an outcome.
        DeliveryRunningError: an attempt is under way.
        SubscriptionDeletedError: there is nowhere to send it.
    """
    locked = await store.delivery_lock(connection, organisation_id=organisation_id, delivery_id=delivery_id)
    if locked is None:
        raise _not_found(delivery_id)
    delivery_text = format_id(DELIVERY_PREFIX, delivery_id)
    if locked.is_subscription_deleted:
        raise SubscriptionDeletedError(
            f"The subscription of {delivery_text} has been deleted.",
            remedy="Create a subscription for its receiver, and publish the event again.",
        )
    if locked.is_running:
        raise DeliveryRunningError(
            f"An attempt of {delivery_text} is under way.",
            remedy="Wait for its outcome; retry then if it is needed.",
        )
    return await store.delivery_schedule_now(connection, delivery_id=delivery_id)


async def _queued_deliveries(
    connection: Connection, directory: RecipientDirectory, *, event: Event, known: Sequence[Delivery]
) -> list[Delivery]:
    """Return the deliveries that are in no table yet: those of the fan-out that have had no outcome."""
    recipients = await directory.current(connection, event.organisation_id)
    known_subscriptions = {delivery.subscription_id for delivery in known}
    return [
        _queued_delivery(event, subscription_id=recipient.subscription_id)
        for recipient in recipients.wanting(event.event_type)
        if recipient.created_at <= event.accepted_at and recipient.subscription_id not in known_subscriptions
    ]


def _queued_delivery(event: Event, *, subscription_id: UUID) -> Delivery:
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
    )


async def _with_attempts(connection: Connection, deliveries: Sequence[Delivery]) -> list[DeliveryWithAttempts]:
    shown_max = max(1, min(ATTEMPTS_SHOWN_MAX, ATTEMPTS_PER_ANSWER_MAX // max(1, len(deliveries))))
    attempts = await store.delivery_list_attempts(
        connection,
        delivery_ids=[delivery.delivery_id for delivery in deliveries],
        attempts_max=shown_max,
        body_bytes_max=BODIES_PER_ANSWER_BYTES_MAX // max(1, len(deliveries) * shown_max),
    )
    return [
        DeliveryWithAttempts(delivery=delivery, attempts=attempts.get(delivery.delivery_id, []))
        for delivery in deliveries
    ]


def _not_found(delivery_id: UUID) -> DeliveryNotFoundError:
    return DeliveryNotFoundError(
        f"There is no delivery {format_id(DELIVERY_PREFIX, delivery_id)} that has had an attempt.",
        remedy="List the deliveries of a subscription, or look at the event, to see the ids.",
    )
