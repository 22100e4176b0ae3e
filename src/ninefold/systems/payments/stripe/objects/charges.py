"""Charges."""

from typing import Final

from ninefold.core.ids import format_id
from ninefold.systems.payments.model.pages import BALANCE_TRANSACTION_PREFIX
from ninefold.systems.payments.model.payments import (
    CHARGE_PREFIX,
    CUSTOMER_PREFIX,
    INTENT_PREFIX,
    PAYMENT_METHOD_PREFIX,
    Charge,
    Intent,
    PaymentMethod,
)
from ninefold.systems.payments.stripe.objects.base import Json, as_metadata, id_or_none, seconds
from ninefold.systems.payments.stripe.objects.payment_methods import show_billing_details, show_card

KIND: Final = "charge"


def show_charge(charge: Charge, intent: Intent, method: PaymentMethod | None) -> Json:
    """Return a Charge.

    Args:
        charge: what is shown.
        intent: its payment.
        method: what was paid with.
    """
    is_captured = charge.captured_at is not None
    is_paid = charge.state == "succeeded"
    return {
        "id": format_id(CHARGE_PREFIX, charge.charge_id),
        "object": KIND,
        "amount": charge.amount,
        "amount_captured": charge.amount_captured,
        "amount_refunded": charge.amount_refunded,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": format_id(BALANCE_TRANSACTION_PREFIX, charge.charge_id) if is_captured else None,
        "billing_details": show_billing_details({} if method is None else method.billing_details),
        "calculated_statement_descriptor": intent.statement_descriptor,
        "captured": is_captured,
        "created": seconds(charge.created_at),
        "currency": charge.currency.lower(),
        "customer": id_or_none(CUSTOMER_PREFIX, intent.customer_id),
        "description": intent.description,
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": charge.error_code,
        "failure_message": charge.error_message,
        "fraud_details": {},
        "livemode": False,
        "metadata": as_metadata(charge.metadata),
        "on_behalf_of": None,
        "outcome": _show_outcome(charge),
        "paid": is_paid,
        "payment_intent": format_id(INTENT_PREFIX, charge.intent_id),
        "payment_method": format_id(PAYMENT_METHOD_PREFIX, charge.payment_method_id),
        "payment_method_details": None if method is None else {"type": "card", "card": show_card(method)},
        "receipt_email": intent.receipt_email,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": is_captured and charge.amount_refunded == charge.amount_captured,
        "refunds": None,
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": intent.statement_descriptor,
        "statement_descriptor_suffix": None,
        "status": charge.state,
        "transfer_data": None,
        "transfer_group": None,
    }


def _show_outcome(charge: Charge) -> Json | None:
    if charge.state == "pending":
        return None
    if charge.state == "succeeded":
        return {
            "network_status": "approved_by_network",
            "reason": None,
            "risk_level": "normal",
            "seller_message": "Payment complete.",
            "type": "authorized",
        }
    return {
        "network_status": "declined_by_network",
        "reason": charge.decline_code or charge.error_code,
        "risk_level": "normal",
        "seller_message": charge.error_message,
        "type": "issuer_declined",
    }
