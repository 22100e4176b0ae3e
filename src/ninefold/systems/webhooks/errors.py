"""What can go wrong in webhook delivery, as a caller sees it."""

from ninefold.core.errors import ConflictError, InvalidInputError, NotFoundError, PayloadTooLargeError


class SubscriptionNotFoundError(NotFoundError):
    """The organisation has no such subscription."""

    code = "subscription_not_found"
    title = "Subscription not found"


class EventNotFoundError(NotFoundError):
    """The organisation has no such event."""

    code = "event_not_found"
    title = "Event not found"


class DeliveryNotFoundError(NotFoundError):
    """The organisation has no such delivery, or no attempt of it has an outcome yet."""

    code = "delivery_not_found"
    title = "Delivery not found"


class InvalidEventTypeError(InvalidInputError):
    """A text is not an event type, or not a pattern of event types."""

    code = "invalid_event_type"
    title = "Invalid event type"


class TooManySubscriptionsError(ConflictError):
    """The organisation has as many subscriptions as one may have."""

    code = "too_many_subscriptions"
    title = "Too many subscriptions"


class TooManySecretsError(ConflictError):
    """So many rotated secrets still sign that another rotation would outgrow the header."""

    code = "too_many_secrets"
    title = "Too many active secrets"


class EventTooLargeError(PayloadTooLargeError):
    """An event's payload is larger than one may be."""

    code = "event_too_large"
    title = "Event too large"


class IdempotencyConflictError(ConflictError):
    """The idempotency key was used before, with other content."""

    code = "idempotency_conflict"
    title = "Idempotency key reused"


class DeliveryRunningError(ConflictError):
    """An attempt of this delivery is under way."""

    code = "delivery_running"
    title = "Delivery running"
    is_retryable = True


class SubscriptionDeletedError(ConflictError):
    """The delivery's subscription has been deleted, so there is nowhere to send it."""

    code = "subscription_deleted"
    title = "Subscription deleted"
