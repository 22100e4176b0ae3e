"""The data of webhook delivery: frozen, without behaviour, and without I/O."""

from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

EVENT_PREFIX: Final = "evt"
SUBSCRIPTION_PREFIX: Final = "sub"
DELIVERY_PREFIX: Final = "dlv"

EVENTS_CHANNEL: Final = "webhooks_events"
"""The notifier that rings when events have been accepted."""
RETRIES_CHANNEL: Final = "webhooks_retries"
"""The notifier that rings when a delivery is due that wasn't before."""


class EventStatus(StrEnum):
    """How far an event is; each of its deliveries has a state of its own."""

    QUEUED = "queued"
    """Accepted and durable; not every delivery has had its first attempt."""
    DISPATCHED = "dispatched"
    """Every delivery has had its first attempt, and is seen by itself."""


class DeliveryStatus(StrEnum):
    """How far a delivery is. `queued` stands for one without an outcome yet, which is in no table."""

    QUEUED = "queued"
    RETRYING = "retrying"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELED = "canceled"


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """Where an organisation wants which events sent."""

    subscription_id: UUID
    organisation_id: UUID
    url: str
    event_types: tuple[str, ...]
    description: str
    created_at: datetime
    updated_at: datetime


class SigningSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A key that signs deliveries; the current one never expires, a rotated one does."""

    key: bytes
    expires_at: datetime | None


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """What a delivery needs to know of its subscription."""

    subscription_id: UUID
    url: str
    event_types: tuple[str, ...]
    created_at: datetime
    secrets: tuple[SigningSecret, ...]


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that is about to be accepted."""

    event_id: UUID
    event_type: str
    payload: bytes
    idempotency_key: str | None
    queued_deliveries: int


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted event, without its payload: that may be a MiB, and hardly anybody looks at it."""

    event_id: UUID
    organisation_id: UUID
    event_type: str
    idempotency_key: str | None
    queued_deliveries: int
    status: EventStatus
    accepted_at: datetime
    dispatched_at: datetime | None


class EarlierEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted event, beside one that was published later with the same idempotency key."""

    event_id: UUID
    queued_deliveries: int
    differing: tuple[str, ...]
    """Of `event_type` and `payload`, those that the later one has otherwise."""


class ClaimedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that this worker holds, to make its deliveries' first attempts."""

    event_id: UUID
    organisation_id: UUID
    event_type: str
    payload: bytes
    accepted_at: datetime
    claim_count: int
    """More than 1: another worker held it before, and some deliveries may have an outcome already."""
    subscription_version: int


class ClaimedDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that this worker holds, to attempt it again."""

    delivery_id: UUID
    organisation_id: UUID
    event_id: UUID
    subscription_id: UUID
    event_type: str
    payload: bytes
    attempt_count: int
    round_attempt_count: int
    round_started_at: datetime
    subscription_version: int


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """An event on its way to one subscription, as far as outcomes are known."""

    delivery_id: UUID
    organisation_id: UUID
    event_id: UUID
    event_type: str
    subscription_id: UUID
    status: DeliveryStatus
    attempt_count: int
    round_attempt_count: int
    next_attempt_at: datetime | None
    created_at: datetime
    finished_at: datetime | None
    is_running: bool


class LockedDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """What decides whether a delivery that is locked may be retried."""

    is_running: bool
    is_subscription_deleted: bool


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One request that was sent, or couldn't be, and what came of it."""

    attempt_number: int
    attempted_at: datetime
    duration_ms: float
    response_status: int | None
    response_body: bytes | None
    is_response_body_truncated: bool
    error_class: str | None
    error_detail: str | None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What an attempt means for its delivery: the attempt, and the state that follows from it."""

    delivery_id: UUID
    organisation_id: UUID
    event_id: UUID
    subscription_id: UUID
    attempt: Attempt
    status: DeliveryStatus
    round_attempt_count: int
    round_started_at: datetime
    retry_delay_s: float | None
    """Seconds until the next attempt; None unless `status` is `retrying`."""

    @property
    def is_first(self) -> bool:
        """Whether the delivery's row is still to be written."""
        return self.attempt.attempt_number == 1
