"""How commands describe subscriptions to people."""

from datetime import UTC, datetime
from typing import Final

from rich.text import Text

from ninefold.core.commands import state_text
from ninefold.systems.webhooks.commands.answers import CircuitAnswer, SubscriptionAnswer
from ninefold.systems.webhooks.model import CircuitState, Ordering, OrderingOnFailure

_PAUSE_REASONS: Final = {
    "by_hand": "by hand",
    "gone": "the receiver answered 410 Gone",
    "failing": "every attempt failed",
}
_MINUTE_S: Final = 60
_HOUR_S: Final = 3_600
_DAY_S: Final = 86_400


def state_of(subscription: SubscriptionAnswer) -> Text:
    """Return the state of a subscription in one or two words."""
    if subscription.pause is not None:
        return state_text("paused")
    if subscription.circuit.state == CircuitState.OPEN:
        return state_text("circuit open", like="failed")
    if subscription.circuit.state == CircuitState.HALF_OPEN:
        return state_text("half-open", like="retrying")
    return state_text("active")


def describe_subscription(subscription: SubscriptionAnswer, *, now: datetime) -> dict[str, object]:
    """Return what there is to say about a subscription, by the names under which it is shown."""
    effective = subscription.effective
    return {
        "subscription_id": subscription.subscription_id,
        "url": subscription.url,
        "event_types": ", ".join(subscription.event_types),
        "description": subscription.description,
        "subscriber_id": subscription.subscriber_id,
        "state": state_of(subscription),
        **_describe_pause(subscription),
        "circuit": describe_circuit(subscription.circuit, now=now),
        "rate_limit": f"{effective.rate_limit_per_s:,.10g} per second{_source(subscription.rate_limit_per_s)}",
        "in_flight_max": f"{effective.in_flight_max:,}{_source(subscription.in_flight_max)}",
        "retry_schedule": _describe_retries(effective.retry_delays_s) + _source(subscription.retry_schedule),
        "ordering": _describe_ordering(subscription),
        "created_at": subscription.created_at,
        "updated_at": subscription.updated_at,
    }


def describe_circuit(circuit: CircuitAnswer, *, now: datetime) -> str:
    """Return the state of a circuit in plain words."""
    parts = [_state_words(circuit, now=now)]
    if circuit.consecutive_failures:
        plural = "" if circuit.consecutive_failures == 1 else "s"
        parts.append(f"{circuit.consecutive_failures:,} failure{plural} in a row")
    if circuit.pauses_at is not None:
        parts.append(f"paused {_when(circuit.pauses_at, now=now)} unless an attempt succeeds")
    return ", ".join(parts)


def _state_words(circuit: CircuitAnswer, *, now: datetime) -> str:
    if circuit.opened_at is None or circuit.retry_at is None:
        return "closed"
    words = f"open since {circuit.opened_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if circuit.state == CircuitState.HALF_OPEN:
        return f"{words}, next try due or in progress"
    return f"{words}, next try {_when(circuit.retry_at, now=now)}"


def _when(time: datetime, *, now: datetime) -> str:
    """Return how far in the future a time is, such as `in 4 min`: in the largest unit of which there are two."""
    seconds = max(0.0, (time - now).total_seconds())
    for unit_s, unit in ((_DAY_S, "days"), (_HOUR_S, "h"), (_MINUTE_S, "min")):
        if seconds >= 2 * unit_s:
            return f"in {seconds / unit_s:.0f} {unit}"
    return f"in {seconds:.0f} s"


def _describe_pause(subscription: SubscriptionAnswer) -> dict[str, object]:
    pause = subscription.pause
    if pause is None:
        return {}
    reason = _PAUSE_REASONS.get(pause.reason, pause.reason)
    return {
        "paused": f"since {pause.paused_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}, {reason}",
        "advice": pause.advice,
    }


def _describe_retries(delays_s: list[float]) -> str:
    return f"after {', '.join(f'{delay_s:,.10g}' for delay_s in delays_s)} s" if delays_s else "no retries"


def _describe_ordering(subscription: SubscriptionAnswer) -> str:
    if subscription.ordering == Ordering.NONE:
        return "none"
    is_blocking = subscription.ordering_on_failure == OrderingOnFailure.BLOCK
    return f"fifo, a failure {'blocks its key' if is_blocking else 'is skipped'}"


def _source(own: object) -> str:
    """Say where a value comes from: the installation, or a preset."""
    if own is None:
        return " (default)"
    return f" ({own})" if isinstance(own, str) else ""
