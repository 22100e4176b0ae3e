"""PaymentIntents."""

from typing import Final

from ninefold.core.ids import format_id
from ninefold.systems.payments.model.payments import (
    CHARGE_PREFIX,
    CUSTOMER_PREFIX,
    INTENT_PREFIX,
    PAYMENT_METHOD_PREFIX,
    Intent,
)
from ninefold.systems.payments.stripe.objects.base import Json, as_metadata, id_or_none, seconds
from ninefold.systems.payments.stripe.objects.payment_methods import show_payment_method

KIND: Final = "payment_intent"

_NOT_AUTHENTICATED: Final = "payment_intent_authentication_failure"
"""The error that is no decline: of it, Stripe shows no charge."""


def show_payment_intent(intent: Intent, *, base_url: str) -> Json:
    """Return a PaymentIntent. An outcome in doubt is `processing`, because Stripe's API has no word for it."""
    return {
        "id": format_id(INTENT_PREFIX, intent.intent_id),
        "object": KIND,
        "amount": intent.amount,
        "amount_capturable": intent.amount_capturable,
        "amount_details": {"tip": {}},
        "amount_received": intent.amount_received,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": intent.options.get("automatic_payment_methods"),
        "canceled_at": seconds(intent.canceled_at),
        "cancellation_reason": intent.cancel_reason,
        "capture_method": intent.options.get("capture_method", intent.capture_method),
        "client_secret": intent.client_secret,
        "confirmation_method": "automatic",
        "created": seconds(intent.created_at),
        "currency": intent.currency.lower(),
        "customer": id_or_none(CUSTOMER_PREFIX, intent.customer_id),
        "description": intent.description,
        "last_payment_error": _show_error(intent),
        "latest_charge": id_or_none(CHARGE_PREFIX, intent.latest_charge_id),
        "livemode": False,
        "metadata": as_metadata(intent.metadata),
        "next_action": _show_action(intent, base_url),
        "on_behalf_of": None,
        "payment_method": id_or_none(PAYMENT_METHOD_PREFIX, intent.payment_method_id),
        "payment_method_options": {},
        "payment_method_types": intent.options.get("payment_method_types", ["card"]),
        "processing": None,
        "receipt_email": intent.receipt_email,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": intent.statement_descriptor,
        "statement_descriptor_suffix": None,
        "status": status_of(intent),
        "transfer_data": None,
        "transfer_group": None,
    }


def status_of(intent: Intent) -> str:
    """Return Stripe's word for the state of a payment."""
    return "processing" if intent.state == "in_doubt" else intent.state


def _show_error(intent: Intent) -> Json | None:
    if intent.error_code is None:
        return None
    is_of_card = intent.error_code != _NOT_AUTHENTICATED
    shown: Json = {
        "type": "card_error" if is_of_card else "invalid_request_error",
        "code": intent.error_code,
        "message": intent.error_message,
    }
    if intent.decline_code is not None:
        shown["decline_code"] = intent.decline_code
    if is_of_card and intent.latest_charge_id is not None:
        shown["charge"] = format_id(CHARGE_PREFIX, intent.latest_charge_id)
    if intent.failed_payment_method is not None:
        shown["payment_method"] = show_payment_method(intent.failed_payment_method)
    return shown


def _show_action(intent: Intent, base_url: str) -> Json | None:
    if intent.state != "requires_action" or intent.action_url is None:
        return None
    url = intent.action_url
    if url.startswith("/"):
        # The simulated processor's pages are Ninefold's own.
        url = f"{base_url}{url}?payment={format_id(INTENT_PREFIX, intent.intent_id)}"
    return {
        "type": "redirect_to_url",
        "redirect_to_url": {"url": url, "return_url": intent.options.get("return_url")},
    }
