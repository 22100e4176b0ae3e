"""How the commands of webhook delivery show deliveries."""

from collections.abc import Sequence
from datetime import UTC
from typing import Final, Literal

from ninefold.core.commands import print_table, state_text
from ninefold.systems.webhooks.commands.answers import DeliveryAnswer

_HEADINGS: Final = {"event_type": "Event type", "subscription_id": "Subscription"}


def show_deliveries(
    deliveries: Sequence[DeliveryAnswer], *, of: Literal["event_type", "subscription_id"], empty: str
) -> None:
    """Print the deliveries of one subscription or of one event as a table, each with its last error.

    Args:
        deliveries: the deliveries to print.
        of: the field to print in the second column.
        empty: see `print_table`.
    """
    print_table(
        ["Delivery", _HEADINGS[of], "Status", "Attempts", "Next attempt", "Last error"],
        [
            [
                delivery.delivery_id,
                getattr(delivery, of),
                state_text(delivery.status),
                f"{delivery.attempt_count} of {delivery.attempts_planned}",
                _next_attempt(delivery),
                delivery.attempts[-1].error_detail if delivery.attempts else None,
            ]
            for delivery in deliveries
        ],
        empty=empty,
    )


def _next_attempt(delivery: DeliveryAnswer) -> object:
    """Return when the next attempt is, or what it waits for."""
    if delivery.waiting_reason is None:
        return delivery.next_attempt_at
    reason = delivery.waiting_reason.replace("_", " ")
    until = delivery.waiting_until
    return reason if until is None else f"{reason} until {until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
