"""The data types of webhook delivery: immutable, without behaviour or I/O."""

from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final
from uuid import UUID

import msgspec

from ninefold.contracts.webhooks import EventTier
from ninefold.core.jobs import JobKind

EVENT_PREFIX: Final = "evt"
SUBSCRIPTION_PREFIX: Final = "sub"
DELIVERY_PREFIX: Final = "dlv"

TIERS: Final = tuple(EventTier)
"""The tiers, most urgent first. The database and the workers use their numbers, which are the positions here."""
STANDARD: Final = TIERS.index(EventTier.STANDARD)
"""The number of the tier of events that don't name one."""
BULK: Final = TIERS.index(EventTier.BULK)

EVENTS_CHANNEL: Final = "webhooks_events"
"""The notifier's channel for newly accepted events of the standard tier."""
EVENTS_CHANNELS: Final = {
    EventTier.CRITICAL: "webhooks_critical_events",
    EventTier.STANDARD: EVENTS_CHANNEL,
    EventTier.BULK: "webhooks_bulk_events",
}
"""The notifier's channels for newly accepted events of each tier."""
RETRIES_CHANNEL: Final = "webhooks_retries"
"""The notifier's channel for deliveries that are now due because of a manual retry."""
WAITING_CHANNEL: Final = "webhooks_waiting"
"""The notifier's channel for subscriptions whose waiting deliveries may now be attempted."""
SUBSCRIPTIONS_CHANNEL: Final = "webhooks_subscriptions"
"""The notifier's channel for subscriptions that were changed, paused or deleted."""


class CancelDeliveries(msgspec.Struct, frozen=True):
    """Whose unfinished deliveries to cancel."""

    subscription_id: UUID


CANCEL_DELIVERIES: Final = JobKind(name="webhooks.cancel_deliveries", payload=CancelDeliveries, timeout_s=3_600.0)

HELD: Final = "held"
"""What the database calls a delivery that waits for an earlier one of its ordering key; users see it as `waiting`."""

EXPIRED: Final = "expired"
"""The error class of a dead letter without a failed attempt: its time was over while it waited."""


class Retention(IntEnum):
    """How long an event is kept, with its deliveries and attempts. Settings say how many days each is."""

    SHORT = 1
    STANDARD = 2
    LONG = 3


class EventStatus(StrEnum):
    """The status of an event. Each of its deliveries has its own status."""

    QUEUED = "queued"
    """The event is committed; some deliveries have not had their first attempt."""
    DISPATCHED = "dispatched"
    """Every delivery has had its first attempt, and has a status of its own."""


class DeliveryStatus(StrEnum):
    """The status of a delivery. A `queued` one has no outcome and no row yet; it is derived from its event."""

    QUEUED = "queued"
    RETRYING = "retrying"
    WAITING = "waiting"
    """It could be attempted, but must not be yet; see `WaitingReason`."""
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELED = "canceled"


class WaitingReason(StrEnum):
    """Why a delivery waits. All waiting deliveries of a subscription that aren't held have the same reason."""

    PAUSED = "paused"
    CIRCUIT_OPEN = "circuit_open"
    RATE_LIMITED = "rate_limited"
    """The subscription has reached its rate limit or its limit of attempts in flight, or its receiver asked for a
    pause with `Retry-After`."""
    ORDERING = "ordering"
    """An earlier event with its ordering key hasn't ended."""


class Ordering(StrEnum):
    """In which order a subscription gets events."""

    NONE = "none"
    FIFO = "fifo"
    """Events with the same ordering key one after another, in the order in which they were accepted."""


class OrderingOnFailure(StrEnum):
    """What happens to the later events of a key when a delivery has failed for good."""

    BLOCK = "block"
    """They wait until a person retries or skips it."""
    SKIP = "skip"


class PauseReason(StrEnum):
    """Why a subscription is paused."""

    BY_HAND = "by_hand"
    GONE = "gone"
    """The receiver answered 410."""
    FAILING = "failing"
    """Every attempt has failed for days."""


class CircuitState(StrEnum):
    """The state of a subscription's circuit breaker."""

    CLOSED = "closed"
    OPEN = "open"
    """No attempt is made before `retry_at`."""
    HALF_OPEN = "half_open"
    """One attempt, the probe, is in progress or due; its result closes the circuit or opens it again."""


class Circuit(msgspec.Struct, frozen=True, kw_only=True):
    """The health of a subscription's endpoint."""

    state: CircuitState = CircuitState.CLOSED
    consecutive_failures: int = 0
    failing_since: datetime | None = None
    """The first failed attempt after the latest success; None for a healthy endpoint."""
    opened_at: datetime | None = None
    retry_at: datetime | None = None
    """When the next probe may be made; None while the circuit is closed."""
    throttled_until: datetime | None = None
    """The receiver asked with `Retry-After` to send nothing until then."""


class RetryPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription's own retry delays."""

    delays_s: tuple[float, ...]
    preset: str | None
    """The name of the preset that they come from, if any."""


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A URL to which an organisation's events of some types are delivered."""

    subscription_id: UUID
    organisation_id: UUID
    url: str
    event_types: tuple[str, ...]
    description: str
    subscriber_id: str | None = None
    """The customer that it belongs to, as the organisation calls it."""
    paused_at: datetime | None = None
    pause_reason: PauseReason | None = None
    rate_limit_per_s: float | None = None
    """None where the installation's setting applies; likewise the next two."""
    in_flight_max: int | None = None
    retry_plan: RetryPlan | None = None
    ordering: Ordering = Ordering.NONE
    ordering_on_failure: OrderingOnFailure = OrderingOnFailure.BLOCK
    circuit: Circuit = Circuit()
    created_at: datetime
    updated_at: datetime


class SubscriptionDraft(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a subscription that a person can set, except for the pause."""

    url: str
    event_types: Sequence[str]
    description: str
    subscriber_id: str | None
    rate_limit_per_s: float | None
    in_flight_max: int | None
    retry_plan: RetryPlan | None
    ordering: Ordering = Ordering.NONE
    ordering_on_failure: OrderingOnFailure = OrderingOnFailure.BLOCK


class SubscriptionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which subscriptions to list; None means any."""

    subscriber_id: str | None = None
    is_active: bool | None = None
    circuit_state: CircuitState | None = None


class SigningSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A key that signs deliveries. The current key never expires; rotated ones do."""

    key: bytes
    expires_at: datetime | None


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a subscription that is needed to deliver to it."""

    subscription_id: UUID
    url: str
    url_revision: int
    """The number of the URL among those that the subscription has had, from 1."""
    event_types: tuple[str, ...]
    created_at: datetime
    secrets: tuple[SigningSecret, ...]
    is_paused: bool = False
    rate_limit_per_s: float | None = None
    """None where the installation's setting applies; likewise the next two."""
    in_flight_max: int | None = None
    retry_delays_s: tuple[float, ...] | None = None
    resumed_at: datetime | None = None
    ordering: Ordering = Ordering.NONE


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event to insert."""

    event_id: UUID
    organisation_id: UUID
    event_type: str
    payload: bytes
    idempotency_key: str | None
    queued_deliveries: int
    tier: EventTier = EventTier.STANDARD
    ordering_key: str | None = None
    is_ordered: bool = False
    """Whether some of its deliveries are put in order when it is accepted, and so have a row from then on."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted event, without its payload, which can be 1 MiB and is rarely needed."""

    event_id: UUID
    organisation_id: UUID
    event_type: str
    idempotency_key: str | None
    queued_deliveries: int
    status: EventStatus
    accepted_at: datetime
    dispatched_at: datetime | None
    tier: EventTier
    ordering_key: str | None = None


class EarlierEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted event, compared with a later one that has the same idempotency key."""

    event_id: UUID
    queued_deliveries: int
    differing_fields: tuple[str, ...]
    """Those of `event_type`, `payload`, `tier` and `ordering_key` that differ in the later event."""


class ClaimedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that this worker holds, to make the first attempts of its deliveries."""

    event_id: UUID
    organisation_id: UUID
    event_type: str
    payload: bytes
    accepted_at: datetime
    claim_count: int
    """If it is more than 1, the event was claimed before, and some deliveries may already have an outcome."""
    subscription_version: int
    tier: int
    """The number of its tier."""
    is_ordered: bool = False
    """Whether some of its deliveries were put in order, and are not part of the fan-out."""
    retention: int = Retention.STANDARD
    """How long it is kept; see `Retention`."""


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
    is_manual: bool
    """Whether a person asked for this attempt; it is then made even if the circuit is open or a limit is reached."""
    subscription_version: int
    tier: int
    """The number of its event's tier."""
    is_ordered: bool = False
    """Whether it may be one that others of its key wait for."""
    retention: int = Retention.STANDARD
    """How long it is kept; see `Retention`."""


class BackloggedSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription with waiting deliveries that may go on."""

    subscription_id: UUID
    organisation_id: UUID
    subscription_version: int
    is_probe: bool
    """Whether its circuit is open, so that only one of them may be attempted."""
    tiers: Sequence[int]
    """The numbers of the tiers of its waiting deliveries."""


class WaitingClaim(msgspec.Struct, frozen=True, kw_only=True):
    """How many waiting deliveries of a subscription to claim, of one tier; a probe may be of any tier."""

    subscription_id: UUID
    count: int
    is_probe: bool
    tier: int = STANDARD


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """The delivery of one event to one subscription, as of its last recorded outcome."""

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
    tier: EventTier
    own_retry_count: int | None = None
    """The retries of a round that the subscription has set itself; None where the installation's setting applies."""
    waiting_reason: WaitingReason | None = None
    """None unless `status` is `waiting`."""
    waiting_until: datetime | None = None
    """When it may be attempted; None if it doesn't wait or if there is no such time."""


class SentTest(msgspec.Struct, frozen=True, kw_only=True):
    """A test of a subscription, which was stored and is about to be sent."""

    event_id: UUID
    delivery_id: UUID


class LockedDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a locked delivery that decides whether it can be retried."""

    is_running: bool
    subscription_id: UUID
    is_subscription_deleted: bool
    is_subscription_paused: bool
    is_held: bool
    """Whether it waits for an earlier delivery of its key."""
    event_types: Sequence[str]
    """The types and patterns that the subscription wants."""
    event_type: str
