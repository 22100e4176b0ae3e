"""The fields that the commands read from the API's responses."""

from datetime import datetime

import msgspec


class PauseAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Why and since when a subscription is paused."""

    reason: str
    paused_at: datetime
    advice: str


class CircuitAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The circuit breaker of a subscription."""

    state: str
    consecutive_failures: int
    opened_at: datetime | None
    retry_at: datetime | None
    pauses_at: datetime | None


class EffectiveAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What applies to a subscription."""

    rate_limit_per_s: float
    in_flight_max: int
    retry_delays_s: list[float]


class SubscriptionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription."""

    subscription_id: str
    url: str
    event_types: list[str]
    description: str
    subscriber_id: str | None
    pause: PauseAnswer | None
    circuit: CircuitAnswer
    rate_limit_per_s: float | None
    in_flight_max: int | None
    retry_schedule: str | list[float] | None
    ordering: str
    ordering_on_failure: str
    effective: EffectiveAnswer
    created_at: datetime
    updated_at: datetime


class NewSecretAnswer(SubscriptionAnswer, frozen=True, kw_only=True):
    """A subscription with its new secret."""

    secret: str


class PublishedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An event that was accepted."""

    event_id: str
    queued_deliveries: int


class TestAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A test that will be sent to one subscription."""

    delivery_id: str
    event_id: str
    event_type: str


class EventAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An event without its payload, which isn't decoded because it can be any JSON, such as very large numbers."""

    event_id: str
    event_type: str
    idempotency_key: str | None
    status: str
    queued_deliveries: int
    accepted_at: datetime
    dispatched_at: datetime | None
    ordering_key: str | None = None
    tier: str = "standard"


class TimingsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The durations of an attempt's phases; None for a phase that it didn't have or didn't get to."""

    lookup_ms: float | None
    connect_ms: float | None
    tls_ms: float | None
    send_ms: float | None
    wait_ms: float | None


class AttemptAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt of a delivery."""

    attempt_number: int
    url: str | None
    attempted_at: datetime
    duration_ms: float
    timings: TimingsAnswer | None
    response_code: int | None
    response_body: str | None
    is_response_body_truncated: bool
    error_detail: str | None


class DeliveryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The delivery of an event to one subscription."""

    status: str
    delivery_id: str
    event_id: str
    event_type: str
    subscription_id: str
    waiting_reason: str | None
    waiting_until: datetime | None
    is_running: bool
    tier: str = "standard"
    attempt_count: int
    attempts_planned: int
    next_attempt_at: datetime | None
    created_at: datetime
    finished_at: datetime | None
    advice: str | None
    attempts: list[AttemptAnswer]


class BlockedKeyAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An ordering key whose later deliveries wait for one that failed for good."""

    ordering_key: str
    blocked_at: datetime
    delivery_id: str
    event_type: str
    error_class: str
    waiting_deliveries: int


class DeadLetterAnswer(DeliveryAnswer, frozen=True, kw_only=True):
    """A delivery that failed for good."""

    error_class: str


class EventWithDeliveriesAnswer(EventAnswer, frozen=True, kw_only=True):
    """An event with its deliveries."""

    deliveries: list[DeliveryAnswer]


class RetryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that is about to be attempted again."""

    delivery_id: str
    status: str
    scheduled_at: datetime


class AlertNotificationAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A message about an alert."""

    channel: str
    error: str | None


class FiredAlertAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that was fired."""

    state: str
    title: str
    detail: str
    subscription_id: str | None
    fired_at: datetime
    resolved_at: datetime | None
    notifications: list[AlertNotificationAnswer]
