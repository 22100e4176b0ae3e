"""Customers, refunds, changes of the balance, payouts, events and webhook endpoints."""

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any, Final

from ninefold.core.ids import format_id
from ninefold.systems.payments.model.customers import Customer
from ninefold.systems.payments.model.events import (
    EVENT_PREFIX,
    WEBHOOK_ENDPOINT_PREFIX,
    Event,
    Snapshot,
    WebhookEndpoint,
)
from ninefold.systems.payments.model.pages import BALANCE_TRANSACTION_PREFIX, BalanceTransaction
from ninefold.systems.payments.model.payments import (
    CHARGE_PREFIX,
    CUSTOMER_PREFIX,
    INTENT_PREFIX,
    PAYMENT_METHOD_PREFIX,
    REFUND_PREFIX,
    Refund,
)
from ninefold.systems.payments.model.settlement import PAYOUT_PREFIX, Payout
from ninefold.systems.payments.rules.changes import NOT_SENT
from ninefold.systems.payments.stripe.headers import API_VERSION
from ninefold.systems.payments.stripe.objects.base import Json, as_metadata, id_or_none, seconds
from ninefold.systems.payments.stripe.objects.charges import show_charge
from ninefold.systems.payments.stripe.objects.payment_intents import show_payment_intent
from ninefold.systems.payments.stripe.objects.payment_methods import show_payment_method

_SOURCE_PREFIXES: Final[Mapping[str, str]] = {
    "charge": CHARGE_PREFIX,
    "refund": REFUND_PREFIX,
    "refund_failure": REFUND_PREFIX,
    "payout": PAYOUT_PREFIX,
    "payout_failure": PAYOUT_PREFIX,
}
_CATEGORIES: Final[Mapping[str, str]] = {"payout_failure": "payout_reversal"}
"""Stripe's `reporting_category`, where it isn't the type."""


_FAILURE_REASONS: Final = frozenset(
    {
        "charge_for_pending_refund_disputed",
        "declined",
        "expired_or_canceled_card",
        "insufficient_funds",
        "lost_or_stolen_card",
        "merchant_request",
        "unknown",
    }
)


def show_customer(customer: Customer) -> Json:
    """Return a Customer; of a deleted one, hardly more than its id."""
    shown: Json = {"id": format_id(CUSTOMER_PREFIX, customer.customer_id), "object": "customer"}
    if customer.deleted_at is not None:
        return {**shown, "deleted": True}
    return {
        **shown,
        "address": None,
        "balance": 0,
        "created": seconds(customer.created_at),
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": customer.description,
        "discount": None,
        "email": customer.email,
        "invoice_prefix": None,
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": id_or_none(PAYMENT_METHOD_PREFIX, customer.default_payment_method_id),
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": as_metadata(customer.metadata),
        "name": customer.name,
        "phone": customer.phone,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def show_refund(refund: Refund) -> Json:
    """Return a Refund."""
    shown: Json = {
        "id": format_id(REFUND_PREFIX, refund.refund_id),
        "object": "refund",
        "amount": refund.amount,
        "balance_transaction": format_id(BALANCE_TRANSACTION_PREFIX, refund.refund_id),
        "charge": format_id(CHARGE_PREFIX, refund.charge_id),
        "created": seconds(refund.created_at),
        "currency": refund.currency.lower(),
        "destination_details": {"type": "card", "card": {"type": "refund"}},
        "metadata": as_metadata(refund.metadata),
        "payment_intent": format_id(INTENT_PREFIX, refund.intent_id),
        "reason": refund.reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": refund.state,
        "transfer_reversal": None,
    }
    if refund.failure_reason is None:
        return shown
    # Only a failed refund has them, as at Stripe.
    return {
        **shown,
        "failure_balance_transaction": id_or_none(BALANCE_TRANSACTION_PREFIX, refund.failure_attempt_id),
        "failure_reason": _failure_reason_of(refund.failure_reason),
    }


def _failure_reason_of(code: str) -> str:
    """Return Stripe's word for why a refund has failed."""
    if code in _FAILURE_REASONS:
        return code
    return "unknown" if code == NOT_SENT else "declined"


def show_balance_transaction(change: BalanceTransaction) -> Json:
    """Return a BalanceTransaction."""
    currency = change.currency.lower()
    fee = {
        "amount": change.fee,
        "application": None,
        "currency": currency,
        "description": "Processing fees",
        "type": "stripe_fee",
    }
    return {
        "id": format_id(BALANCE_TRANSACTION_PREFIX, change.balance_transaction_id),
        "object": "balance_transaction",
        "amount": change.amount,
        "available_on": seconds(change.available_at),
        "created": seconds(change.created_at),
        "currency": currency,
        "description": None,
        "exchange_rate": None,
        "fee": change.fee,
        "fee_details": [fee] if change.fee else [],
        "net": change.amount - change.fee,
        "reporting_category": _CATEGORIES.get(change.type, change.type),
        "source": format_id(_SOURCE_PREFIXES[change.type], change.source_id),
        "status": "available" if change.is_available else "pending",
        "type": change.type,
    }


def show_payout(payout: Payout) -> Json:
    """Return a Payout."""
    arrival = datetime.combine(payout.arrival_date, time(), UTC)
    is_failed = payout.state == "failed"
    return {
        "id": format_id(PAYOUT_PREFIX, payout.payout_id),
        "object": "payout",
        "amount": payout.amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": seconds(arrival),
        "automatic": True,
        "balance_transaction": format_id(BALANCE_TRANSACTION_PREFIX, payout.payout_id),
        "created": seconds(payout.created_at),
        "currency": payout.currency.lower(),
        "description": None,
        "destination": None,
        "failure_balance_transaction": format_id(BALANCE_TRANSACTION_PREFIX, payout.batch_id) if is_failed else None,
        "failure_code": payout.failure_code,
        "failure_message": payout.failure_message,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "reconciliation_status": "completed",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": payout.statement_descriptor,
        "status": payout.state,
        "trace_id": {"status": "supported" if payout.trace_number else "pending", "value": payout.trace_number},
        "type": "bank_account",
    }


def show_webhook_endpoint(endpoint: WebhookEndpoint) -> Json:
    """Return a WebhookEndpoint, without its secret."""
    return {
        "id": format_id(WEBHOOK_ENDPOINT_PREFIX, endpoint.webhook_endpoint_id),
        "object": "webhook_endpoint",
        "api_version": endpoint.api_version,
        "application": None,
        "created": seconds(endpoint.created_at),
        "description": endpoint.description,
        "enabled_events": list(endpoint.enabled_events),
        "livemode": False,
        "metadata": as_metadata(endpoint.metadata),
        "status": "enabled" if endpoint.is_enabled else "disabled",
        "url": endpoint.url,
    }


def show_event(event: Event, *, base_url: str, api_version: str | None = None) -> Json:
    """Return an Event, with what it is about as it then was."""
    data: Json = {"object": _show_snapshot(event.type, event.snapshot, base_url=base_url)}
    if event.previous is not None:
        before = _show_snapshot(event.type, event.previous, base_url=base_url)
        data["previous_attributes"] = _differences(before, data["object"])
    return {
        "id": format_id(EVENT_PREFIX, event.event_id),
        "object": "event",
        "api_version": api_version or API_VERSION,
        "created": seconds(event.created_at),
        "data": data,
        "livemode": False,
        "pending_webhooks": 0 if event.forwarded_at else 1,
        "request": {"id": event.request_id, "idempotency_key": event.idempotency_key},
        "type": event.type,
    }


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Json:
    """Return what has changed as it was before; what there was not is null."""
    changed: Json = {}
    for name in [*before, *(name for name in now if name not in before)]:
        old, new = before.get(name), now.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            old, new = _differences(old, new), {}
        if old != new:
            changed[name] = old
    return changed


def _show_snapshot(  # noqa: PLR0911  # a table, a line per kind of object.
    event_type: str, snapshot: Snapshot, *, base_url: str
) -> Mapping[str, Any]:
    match event_type.partition(".")[0], snapshot:
        case "charge", Snapshot(charge=charge, intent=intent) if charge is not None and intent is not None:
            return show_charge(charge, intent, snapshot.payment_method)
        case "payment_intent", Snapshot(intent=intent) if intent is not None:
            return show_payment_intent(intent, base_url=base_url)
        case "refund", Snapshot(refund=refund) if refund is not None:
            return show_refund(refund)
        case "customer", Snapshot(customer=customer) if customer is not None:
            return show_customer(customer)
        case "payment_method", Snapshot(payment_method=method) if method is not None:
            return show_payment_method(method)
        case "payout", Snapshot(payout=payout) if payout is not None:
            return show_payout(payout)
    return {}
