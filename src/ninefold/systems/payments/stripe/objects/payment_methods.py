"""PaymentMethods: what may be shown of a card."""

from collections.abc import Mapping
from typing import Any, Final

from ninefold.core.ids import format_id
from ninefold.systems.payments.model.payments import CUSTOMER_PREFIX, PAYMENT_METHOD_PREFIX, PaymentMethod
from ninefold.systems.payments.stripe.objects.base import Json, as_metadata, id_or_none, seconds

KIND: Final = "payment_method"

_NO_ADDRESS: Final = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))


def show_payment_method(method: PaymentMethod) -> Json:
    """Return a PaymentMethod."""
    return {
        "id": format_id(PAYMENT_METHOD_PREFIX, method.payment_method_id),
        "object": KIND,
        "allow_redisplay": "unspecified",
        "billing_details": show_billing_details(method.billing_details),
        "card": {**show_card(method), "generated_from": None, "networks": _show_networks(method)},
        "created": seconds(method.created_at),
        "customer": id_or_none(CUSTOMER_PREFIX, method.customer_id),
        "livemode": False,
        "metadata": as_metadata(method.metadata),
        "type": "card",
    }


def show_card(method: PaymentMethod) -> Json:
    """Return what may be shown of a card."""
    return {
        "brand": method.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": method.country,
        "exp_month": method.exp_month,
        "exp_year": method.exp_year,
        "funding": method.funding,
        "last4": method.last4,
        "network": method.brand,
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def show_billing_details(details: Mapping[str, Any]) -> Json:
    """Return the billing details, with all that isn't known as null."""
    address = {**_NO_ADDRESS, **(details.get("address") or {})}
    return {**{name: details.get(name) for name in ("email", "name", "phone", "tax_id")}, "address": address}


def _show_networks(method: PaymentMethod) -> Json:
    return {"available": [method.brand], "preferred": None}
