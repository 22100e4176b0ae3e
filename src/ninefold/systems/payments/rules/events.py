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
_CHANGES_OF_CHARGE: Final = frozenset({"charge.captured", "charge.refunded", "charge.expired"})
_FAILED: Final = ("charge.failed", "payment_intent.payment_failed")
_BACK: Final[Mapping[str, Sequence[str]]] = {
    "requires_action": ("payment_intent.requires_action",),
    "requires_capture": ("payment_intent.amount_capturable_updated",),
}
"""What is told when a doubt ends and all is as before, by the state of the payment."""


def events_of(step: Step, change: Change) -> list[NewEvent]:
    """Return what the merchant is told about a change; nothing for those that Stripe's clients don't know."""
    return [NewEvent(each, _snapshot(each, step, change), _previous(each, step)) for each in _types_of(step, change)]


def _types_of(step: Step, change: Change) -> Sequence[str]:
    attempt, state = change.attempt, change.intent.state
    match change.event:
        case "captured" if attempt is not None and attempt.operation == "authorise":
            return _CAPTURED_AT_ONCE
        case "in_doubt" if state != "in_doubt":
            # A refund is in doubt, and not the payment.
            return ()
        case "not_sent" if state == "requires_payment_method" and change.charge is not None:
            return _FAILED
        case "action_canceled" if state == "requires_payment_method":
            return ("payment_intent.payment_failed",)
        case "not_sent" | "capture_refused" | "cancel_refused" | "action_cancel_refused":
            return _BACK.get(state, ()) if step.intent.state == "in_doubt" else ()
    return _TYPES.get(change.event, ())


def _snapshot(event_type: str, step: Step, change: Change) -> Snapshot:
    kind = event_type.partition(".")[0]
    if kind == "payment_intent":
        return Snapshot(intent=change.intent)
    if kind == "refund":
        return Snapshot(refund=change.refund)
    return Snapshot(intent=change.intent, charge=change.charge or step.charge, payment_method=step.payment_method)


def _previous(event_type: str, step: Step) -> Snapshot | None:
    """Return what an event is about as it was before, for the events that say what has changed."""
    if event_type == "refund.updated" and step.refund is not None:
        return Snapshot(refund=step.refund)
    if event_type in _CHANGES_OF_CHARGE and step.charge is not None:
        return Snapshot(intent=step.intent, charge=step.charge, payment_method=step.payment_method)
    return None
