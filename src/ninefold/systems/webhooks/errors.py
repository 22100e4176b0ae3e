"""The errors of webhook delivery that callers can get."""

from ninefold.core.errors import (
    ConflictError,
    InvalidInputError,
    NinefoldError,
    NotFoundError,
    PayloadTooLargeError,
    TooManyRequestsError,
)


class SubscriptionNotFoundError(NotFoundError):
    """The organisation has no such subscription."""

    code = "subscription_not_found"
    title = "Subscription not found"


class EventNotFoundError(NotFoundError):
    """The organisation has no such event."""

    code = "event_not_found"
    title = "Event not found"


class DeliveryNotFoundError(NotFoundError):
    """The organisation has no such delivery, or none of its attempts has an outcome yet."""

    code = "delivery_not_found"
    title = "Delivery not found"


class InvalidEventTypeError(InvalidInputError):
    """A string is not a valid event type or event type pattern."""

    code = "invalid_event_type"
    title = "Invalid event type"


class TooManySubscriptionsError(ConflictError):
    """The organisation has reached the limit of subscriptions."""

    code = "too_many_subscriptions"
    title = "Too many subscriptions"


class TooManySecretsError(ConflictError):
    """The subscription has reached the limit of active secrets, so its secret can't be rotated again yet."""

    code = "too_many_secrets"
    title = "Too many active secrets"


class TooManyReplaysError(ConflictError):
    """The organisation has reached the limit of unfinished replays."""

    code = "too_many_replays"
    title = "Too many replays"


class EventTooLargeError(PayloadTooLargeError):
    """An event's payload exceeds the size limit."""

    code = "event_too_large"
    title = "Event too large"


class QueueFullError(TooManyRequestsError):
    """Too many deliveries wait for their first attempts, so no more events are accepted for now."""

    code = "queue_full"
    title = "Queue full"


class IdempotencyConflictError(ConflictError):
    """The idempotency key was used before with different content."""

    code = "idempotency_conflict"
    title = "Idempotency key reused"


class IdempotencyKeysDifferError(NinefoldError):
    """One publish has two different idempotency keys."""

    code = "idempotency_keys_differ"
    title = "Idempotency keys differ"
    http_status = 400


class DeliveryRunningError(ConflictError):
    """An attempt of this delivery is in progress."""

    code = "delivery_running"
    title = "Delivery running"
    is_retryable = True


class DeliveryHeldError(ConflictError):
    """The delivery waits for an earlier one of its ordering key, so it can't be sent now."""

    code = "delivery_held"
    title = "Delivery waits for its turn"


class DeliveryNotOrderedError(ConflictError):
    """The delivery isn't in any order, so it can't be skipped."""

    code = "delivery_not_ordered"
    title = "Delivery not in any order"


class EventTypeUnwantedError(ConflictError):
    """The delivery's subscription no longer wants this event type, so it can't be sent again."""

    code = "event_type_unwanted"
    title = "Event type unwanted"


class SubscriptionDeletedError(ConflictError):
    """The delivery's subscription has been deleted, so it can't be sent again."""

    code = "subscription_deleted"
    title = "Subscription deleted"


class SubscriptionOwnedError(ConflictError):
    """The subscription forwards requests for another part of Ninefold, which alone may delete or redirect it."""

    code = "subscription_owned"
    title = "Subscription in use"


class SubscriptionPausedError(ConflictError):
    """The delivery's subscription is paused, so it can't be sent now."""

    code = "subscription_paused"
    title = "Subscription paused"
