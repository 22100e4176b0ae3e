"""Which events a change of a payment is, as Stripe's clients know them."""

from collections.abc import Mapping, Sequence
from typing import Final

from ninefold.systems.payments.model.events import NewEvent, Snapshot
from ninefold.systems.payments.rules.changes import Change, Step

_TYPES: Final[Mapping[str, Sequence[str]]] = {
    "action_required": ("payment_intent.requires_action",),
    "authorised": ("charge.succeeded", "payment_intent.amount_capturable_updated"),
    "captured": ("charge.captured", "payment_intent.succeeded"),
    "declined": ("charge.failed", "payment_intent.payment_failed"),
    "in_doubt": ("payment_intent.processing",),
    "canceled": ("payment_intent.canceled",),
    "expired": ("charge.expired", "payment_intent.canceled"),
    "refund_requested": ("refund.created",),
    "refunded": ("refund.updated", "charge.refunded"),
    "refund_failed": ("refund.failed",),
}
_CAPTURED_AT_ONCE: Final = ("charge.succeeded", "payment_intent.succeeded")


def events_of(step: Step, change: Change) -> list[NewEvent]:
    """Return what the merchant is told about a change; nothing for those that Stripe's clients don't know."""
    types = _TYPES.get(change.event, ())
    attempt = change.attempt
    if change.event == "captured" and attempt is not None and attempt.operation == "authorise":
        types = _CAPTURED_AT_ONCE
    if change.event == "in_doubt" and change.intent.state != "in_doubt":
        # A refund is in doubt, and not the payment.
        types = ()
    return [NewEvent(each, _snapshot(each, step, change)) for each in types]


def _snapshot(event_type: str, step: Step, change: Change) -> Snapshot:
    kind = event_type.partition(".")[0]
    if kind == "payment_intent":
        return Snapshot(intent=change.intent)
    if kind == "refund":
        return Snapshot(refund=change.refund)
    return Snapshot(intent=change.intent, charge=change.charge or step.charge, payment_method=step.payment_method)
