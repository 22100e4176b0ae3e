"""The wire types of events and deliveries: request bodies, response bodies, and the mapping from the model."""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec

from ninefold.contracts.webhooks import EventTier
from ninefold.core.ids import format_id
from ninefold.core.web.bodies import RequestBody
from ninefold.core.web.ids import EXAMPLE_ID, PathId
from ninefold.core.web.problems import Problem
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.webhooks.model import (
    DELIVERY_PREFIX,
    EVENT_PREFIX,
    EXPIRED,
    SUBSCRIPTION_PREFIX,
    Delivery,
    DeliveryStatus,
    Event,
    EventStatus,
    WaitingReason,
)
from ninefold.systems.webhooks.model.attempts import Attempt
from ninefold.systems.webhooks.routes.attempt_wire import AttemptView, show_attempt
from ninefold.systems.webhooks.rules.advice import advise
from ninefold.systems.webhooks.rules.event_types import EVENT_TYPE_LENGTH_MAX, EVENT_TYPE_REGEX, TEST_EVENT_TYPE
from ninefold.systems.webhooks.rules.ordering import ORDERING_KEY_LENGTH_MAX
from ninefold.systems.webhooks.service.deliveries import DeliveryWithAttempts, EventWithDeliveries
from ninefold.systems.webhooks.service.publishing import IDEMPOTENCY_KEY_LENGTH_MAX, Publication

BATCH_EVENTS_MAX: Final = 1_000
"""Limits the duration of a transaction, during which other publishers of the same idempotency keys wait."""

_STATUSES_WITH_ADVICE: Final = frozenset({DeliveryStatus.RETRYING, DeliveryStatus.WAITING, DeliveryStatus.FAILED})
"""The statuses in which a person can fix something. A `canceled` delivery isn't wanted any more."""

_FAILED: Final = "unsuccessful_status"
_PAYLOAD: Final = {"order": 1042, "total": 19.9}

# The examples of the views belong together: /docs shows an event whose delivery waits for its second attempt.
SubscriptionIdText = Annotated[str, msgspec.Meta(examples=[f"{SUBSCRIPTION_PREFIX}_{EXAMPLE_ID}"])]
EventIdText = Annotated[str, msgspec.Meta(examples=[f"{EVENT_PREFIX}_{EXAMPLE_ID}"])]
DeliveryIdText = Annotated[str, msgspec.Meta(examples=[f"{DELIVERY_PREFIX}_{EXAMPLE_ID}"])]
EventTypeText = Annotated[str, msgspec.Meta(examples=["order.created"])]

# `extra_json_schema` is for the OpenAPI document only. The rules enforce these limits, with more helpful errors.
IdempotencyKey = Annotated[
    str, msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": IDEMPOTENCY_KEY_LENGTH_MAX})
]


OrderingKey = Annotated[str, msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": ORDERING_KEY_LENGTH_MAX})]

# Raw, so that an invalid event doesn't invalidate the whole batch. Each is decoded as a `PublishEvent` later.
BatchItem = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"$ref": "#/components/schemas/PublishEvent"})]


class EventId(PathId):
    """An event's id in a path."""

    prefix = EVENT_PREFIX


class DeliveryId(PathId):
    """A delivery's id in a path."""

    prefix = DELIVERY_PREFIX


class PublishEvent(RequestBody, frozen=True, kw_only=True):
    """An event to publish."""

    event_type: Annotated[
        str,
        msgspec.Meta(
            description="Words separated by dots.",
            examples=["order.created"],
            extra_json_schema={"pattern": EVENT_TYPE_REGEX, "maxLength": EVENT_TYPE_LENGTH_MAX},
        ),
    ]
    payload: Annotated[
        msgspec.Raw,
        msgspec.Meta(description="Any JSON value, up to 1 MiB. It is delivered byte for byte.", examples=[_PAYLOAD]),
    ]
    idempotency_key: Annotated[
        IdempotencyKey | None,
        msgspec.Meta(description="Publishing again with the same key and content creates no second event."),
    ] = None
    tier: Annotated[
        EventTier,
        msgspec.Meta(description="How urgent the event is. Each tier has its own share of the workers."),
    ] = EventTier.STANDARD
    ordering_key: Annotated[
        OrderingKey | None,
        msgspec.Meta(
            description="Subscriptions with ordering `fifo` get the events with the same key one after another.",
            examples=["customer-7"],
        ),
    ] = None


class PublishEventBatch(RequestBody, frozen=True, kw_only=True):
    """Events to publish in one transaction."""

    is_decoded_in_parts = True

    events: Annotated[
        list[BatchItem],
        msgspec.Meta(
            min_length=1,
            max_length=BATCH_EVENTS_MAX,
            description="Events as for a single publish. If one is refused, the others are still accepted.",
        ),
    ]


class EventAccepted(msgspec.Struct, frozen=True, kw_only=True):
    """An event that is committed and will be delivered."""

    event_id: EventIdText
    queued_deliveries: Annotated[int, msgspec.Meta(examples=[1])]


class BatchResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The result of one event of a batch."""

    status: Annotated[int, msgspec.Meta(examples=[202])]
    """The status that a single publish would have returned: 202, or that of the problem."""
    event_id: Annotated[str | None, msgspec.Meta(examples=[f"{EVENT_PREFIX}_{EXAMPLE_ID}"])] = None
    queued_deliveries: Annotated[int | None, msgspec.Meta(examples=[1])] = None
    is_replay: bool = False
    problem: Problem | None = None


class BatchAccepted(msgspec.Struct, frozen=True, kw_only=True):
    """The results of the events of a batch, in the order of the request."""

    results: list[BatchResult]
    accepted: Annotated[int, msgspec.Meta(examples=[1])]
    refused: Annotated[int, msgspec.Meta(examples=[0])]


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """The delivery of an event to one subscription."""

    delivery_id: DeliveryIdText
    event_id: EventIdText
    event_type: EventTypeText
    subscription_id: SubscriptionIdText
    status: Annotated[DeliveryStatus, msgspec.Meta(examples=[DeliveryStatus.RETRYING])]
    waiting_reason: Annotated[WaitingReason | None, msgspec.Meta(examples=[None])]
    """Why it isn't attempted yet; null unless `status` is `waiting`."""
    waiting_until: Annotated[Timestamp | None, msgspec.Meta(examples=[None])]
    """When it may be attempted; null if that isn't known. For an open circuit, this is the next probe."""
    is_running: Annotated[bool, msgspec.Meta(examples=[False])]
    tier: Annotated[EventTier, msgspec.Meta(examples=[EventTier.STANDARD])]
    attempt_count: Annotated[int, msgspec.Meta(examples=[1])]
    attempts_planned: Annotated[int, msgspec.Meta(examples=[6])]
    """The maximum number of attempts at the end of the current round, including those of earlier rounds."""
    next_attempt_at: Annotated[Timestamp | None, msgspec.Meta(examples=["2026-01-31T12:00:01Z"])]
    created_at: Timestamp
    finished_at: Annotated[Timestamp | None, msgspec.Meta(examples=[None])]
    advice: Annotated[str | None, msgspec.Meta(examples=[advise(_FAILED)])]
    """What to do about the last attempt's error, or about the reason why the delivery waits."""
    attempts: list[AttemptView]


class EventSummary(msgspec.Struct, frozen=True, kw_only=True):
    """An event in a list."""

    event_id: EventIdText
    event_type: EventTypeText
    idempotency_key: Annotated[str | None, msgspec.Meta(examples=["order-1042-created"])]
    status: Annotated[EventStatus, msgspec.Meta(examples=[EventStatus.DISPATCHED])]
    queued_deliveries: Annotated[int, msgspec.Meta(examples=[1])]
    accepted_at: Timestamp
    dispatched_at: Timestamp | None
    tier: Annotated[EventTier, msgspec.Meta(examples=[EventTier.STANDARD])]
    ordering_key: Annotated[str | None, msgspec.Meta(examples=[None])]


class EventView(EventSummary, frozen=True, kw_only=True):
    """An event with its payload and its deliveries."""

    payload: Annotated[msgspec.Raw, msgspec.Meta(examples=[_PAYLOAD])]
    deliveries: list[DeliveryView]


class RetryScheduled(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that is about to be attempted again."""

    delivery_id: DeliveryIdText
    status: Annotated[DeliveryStatus, msgspec.Meta(examples=[DeliveryStatus.RETRYING])]
    scheduled_at: Timestamp


class TestAccepted(msgspec.Struct, frozen=True, kw_only=True):
    """A test of a subscription that is committed and will be sent."""

    event_id: EventIdText
    delivery_id: DeliveryIdText
    event_type: Annotated[str, msgspec.Meta(examples=[TEST_EVENT_TYPE])]


def show_publication(publication: Publication) -> EventAccepted:
    """Show an accepted event."""
    return EventAccepted(
        event_id=format_id(EVENT_PREFIX, publication.event_id),
        queued_deliveries=publication.queued_deliveries,
    )


def show_event_summary(event: Event) -> EventSummary:
    """Show an event in a list."""
    return EventSummary(
        event_id=format_id(EVENT_PREFIX, event.event_id),
        event_type=event.event_type,
        idempotency_key=event.idempotency_key,
        status=event.status,
        queued_deliveries=event.queued_deliveries,
        accepted_at=event.accepted_at,
        dispatched_at=event.dispatched_at,
        tier=event.tier,
        ordering_key=event.ordering_key,
    )


def show_event(shown: EventWithDeliveries, *, attempts_per_round: int) -> EventView:
    """Show an event with its payload, byte for byte, and its deliveries."""
    summary = show_event_summary(shown.event)
    return EventView(
        **msgspec.structs.asdict(summary),
        payload=msgspec.Raw(shown.payload),
        deliveries=[show_delivery(delivery, attempts_per_round=attempts_per_round) for delivery in shown.deliveries],
    )


def show_delivery(shown: DeliveryWithAttempts, *, attempts_per_round: int) -> DeliveryView:
    """Show a delivery with its attempts.

    Args:
        shown: the delivery and its attempts.
        attempts_per_round: by the installation's settings; a subscription can have its own.
    """
    delivery = shown.delivery
    return DeliveryView(
        delivery_id=format_id(DELIVERY_PREFIX, delivery.delivery_id),
        event_id=format_id(EVENT_PREFIX, delivery.event_id),
        event_type=delivery.event_type,
        subscription_id=format_id(SUBSCRIPTION_PREFIX, delivery.subscription_id),
        status=delivery.status,
        waiting_reason=delivery.waiting_reason,
        waiting_until=delivery.waiting_until,
        is_running=delivery.is_running,
        tier=delivery.tier,
        attempt_count=delivery.attempt_count,
        attempts_planned=_attempts_planned(delivery, attempts_per_round=attempts_per_round),
        next_attempt_at=delivery.next_attempt_at,
        created_at=delivery.created_at,
        finished_at=delivery.finished_at,
        advice=_advise(delivery, shown.attempts),
        attempts=[show_attempt(attempt, body_bytes_max=shown.body_bytes_max) for attempt in shown.attempts],
    )


def _attempts_planned(delivery: Delivery, *, attempts_per_round: int) -> int:
    own = delivery.own_retry_count
    planned = delivery.attempt_count - delivery.round_attempt_count + (attempts_per_round if own is None else 1 + own)
    # What waits for its endpoint is attempted once more, even if its retries are used up.
    return max(planned, delivery.attempt_count + (delivery.finished_at is None))


def _advise(delivery: Delivery, attempts: Sequence[Attempt]) -> str | None:
    if delivery.status not in _STATUSES_WITH_ADVICE:
        return None
    last = attempts[-1] if attempts else None
    error_class = None if last is None else last.error_class
    if delivery.status is DeliveryStatus.FAILED and error_class is None:
        error_class = EXPIRED
    return advise(
        error_class,
        response_status=None if last is None else last.response_status,
        waiting_reason=delivery.waiting_reason,
    )
