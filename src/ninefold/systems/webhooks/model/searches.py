"""The data types of searches: what events and deliveries are searched for, and in which part of the log."""

from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from ninefold.systems.webhooks.model import DeliveryStatus

FIRST_ID: Final = UUID(int=0)
LAST_ID: Final = UUID(int=2**128 - 1)


class EventFilter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which events; None means any."""

    text: str | None = None
    """An id or its beginning, an idempotency key or its beginning, the beginning of a type, or text in the payload."""
    event_type: str | None = None
    """A type, a pattern such as `order.*`, or a beginning such as `order.`."""
    idempotency_key: str | None = None
    accepted_after: datetime | None = None
    """Inclusive."""
    accepted_before: datetime | None = None
    """Exclusive."""


class DeliveryFilter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which deliveries; None means any."""

    text: str | None = None
    """As for events; also the id of the delivery, and text in the URL or the description of its subscription."""
    subscription_id: UUID | None = None
    status: DeliveryStatus | None = None
    event_type: str | None = None
    """As for events."""
    response_code: str | None = None
    """Of the last attempt: a code such as `503`, or a class such as `5xx`."""
    error_class: str | None = None
    """Of the last attempt, or `EXPIRED`."""
    accepted_after: datetime | None = None
    """When the event was accepted; inclusive."""
    accepted_before: datetime | None = None
    """Exclusive."""


class IdRange(NamedTuple):
    """The ids from one to another, both inclusive."""

    first: UUID
    last: UUID


class SearchTerm(msgspec.Struct, frozen=True, kw_only=True):
    """What a text that was searched for means: ids of one kind, or a text to look for."""

    event_ids: IdRange | None = None
    delivery_ids: IdRange | None = None
    subscription_id: UUID | None = None
    text: str | None = None


class SearchPosition(msgspec.Struct, frozen=True, order=True):
    """A place in the log, which is sorted by both ids, newest first. What precedes it in time comes after it."""

    event_id: UUID
    delivery_id: UUID


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """What an event has to be, as the queries take it."""

    event_type: str | None
    event_type_prefix: str
    """Empty for all types."""
    text: str | None
    needles: tuple[bytes, ...]
    """The ways in which the text can be written in a payload."""
    accepted_after: datetime
    accepted_before: datetime


class DeliveryConditions(msgspec.Struct, frozen=True, kw_only=True):
    """What a delivery has to be, as the queries take it; None means any."""

    subscription_id: UUID | None
    status: DeliveryStatus | None
    response_code_min: int | None
    response_code_max: int | None
    error_class: str | None
    named_ids: tuple[UUID, ...]
    """The subscriptions whose URL or description has the text."""
