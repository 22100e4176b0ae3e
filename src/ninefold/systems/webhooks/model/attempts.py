"""The data types of attempts: what was measured, and what follows from it."""

from datetime import datetime
from uuid import UUID

import msgspec

from ninefold.systems.webhooks.model import STANDARD, DeliveryStatus, Retention


class AttemptTimings(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The durations of an attempt's phases, in milliseconds. None: it didn't have this phase, or didn't get to it."""

    lookup_ms: float | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    send_ms: float | None = None
    wait_ms: float | None = None
    """For the response, to its end."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to send a delivery's request, and its result."""

    attempt_number: int
    attempted_at: datetime
    duration_ms: float
    response_status: int | None
    response_body: bytes | None
    is_response_body_truncated: bool
    error_class: str | None
    error_detail: str | None
    url: str | None = None
    """Where the request went; None if an earlier version of Ninefold recorded the attempt."""
    timings: AttemptTimings | None = None
    """None for a success over a connection that was open already, and if no phase had begun; likewise."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt, and the state of its delivery after it."""

    delivery_id: UUID
    organisation_id: UUID
    event_id: UUID
    subscription_id: UUID
    url_revision: int
    """Stands for the attempt's URL in the database."""
    attempt: Attempt
    status: DeliveryStatus
    round_attempt_count: int
    round_started_at: datetime
    retry_delay_s: float | None
    """Seconds until the next attempt; None unless `status` is `retrying`."""
    has_row: bool
    """Whether the delivery had a row before this attempt."""
    is_counted: bool = True
    """Whether the attempt counts for the endpoint's health: not if Ninefold prevented it, or ended it."""
    throttled_for_s: float | None = None
    """How long the receiver asked to send nothing, with 429 or 503 and `Retry-After`."""
    tier: int = STANDARD
    """The number of its event's tier."""
    retention: int = Retention.STANDARD
    """How long it is kept; see `Retention`."""
    event_type: str = ""
    """Without it, the attempt counts in figures of all event types only."""
    is_ordered: bool = False
    """Whether it may be one that others of its key wait for."""


class Postponement(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that must wait; no attempt was made."""

    delivery_id: UUID
    organisation_id: UUID
    event_id: UUID
    subscription_id: UUID
    round_started_at: datetime
    has_row: bool
    """Whether the delivery has a row, which this worker then holds."""
    tier: int = STANDARD
    """The number of its event's tier."""
    retention: int = Retention.STANDARD
    """How long it is kept; see `Retention`."""
    is_ordered: bool = False
    """As in `Outcome`."""
