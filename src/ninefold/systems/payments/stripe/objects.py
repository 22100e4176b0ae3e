"""The objects of Stripe's API."""

from datetime import datetime
from typing import Any

from ninefold.core.ids import format_id
from ninefold.systems.payments.model.payments import (
    CHARGE_PREFIX,
    CUSTOMER_PREFIX,
    INTENT_PREFIX,
    PAYMENT_METHOD_PREFIX,
    Intent,
)


def show_payment_intent(intent: Intent, *, base_url: str) -> dict[str, Any]:
    """Return a PaymentIntent. An outcome in doubt is `processing`, because Stripe's API has no word for it."""
    return {
        "id": format_id(INTENT_PREFIX, intent.intent_id),
        "object": "payment_intent",
        "amount": intent.amount,
        "amount_capturable": intent.amount_capturable,
        "amount_received": intent.amount_received,
        "automatic_payment_methods": None,
        "canceled_at": _seconds(intent.canceled_at),
        "cancellation_reason": intent.cancel_reason,
        "capture_method": intent.capture_method,
        "client_secret": intent.client_secret,
        "confirmation_method": "automatic",
        "created": _seconds(intent.created_at),
        "currency": intent.currency.lower(),
        "customer": None if intent.customer_id is None else format_id(CUSTOMER_PREFIX, intent.customer_id),
        "description": intent.description,
        "last_payment_error": _show_error(intent),
        "latest_charge": None if intent.latest_charge_id is None else format_id(CHARGE_PREFIX, intent.latest_charge_id),
        "livemode": False,
        "metadata": intent.metadata,
        "next_action": _show_action(intent, base_url),
        "payment_method": (
            None if intent.payment_method_id is None else format_id(PAYMENT_METHOD_PREFIX, intent.payment_method_id)
        ),
        "payment_method_types": ["card"],
        "receipt_email": intent.receipt_email,
        "statement_descriptor": intent.statement_descriptor,
        "status": "processing" if intent.state == "in_doubt" else intent.state,
    }


def _show_error(intent: Intent) -> dict[str, Any] | None:
    if intent.error_code is None:
        return None
    shown = {"type": "card_error", "code": intent.error_code, "message": intent.error_message}
    return shown if intent.decline_code is None else {**shown, "decline_code": intent.decline_code}


def _show_action(intent: Intent, base_url: str) -> dict[str, Any] | None:
    if intent.state != "requires_action" or intent.action_url is None:
        return None
    # The simulated processor's pages are Ninefold's own.
    url = base_url + intent.action_url if intent.action_url.startswith("/") else intent.action_url
    return {"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": None}}


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())
