"""Payment methods: what customers pay with."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from ninefold.core.ids import InvalidIdError, new_id, parse_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.errors import (
    PaymentMethodAttachedError,
    PaymentMethodNotFoundError,
    PaymentMethodUnusableError,
)
from ninefold.systems.payments.model.events import NewEvent, Origin, Snapshot
from ninefold.systems.payments.model.merchants import Merchant
from ninefold.systems.payments.model.payments import PAYMENT_METHOD_PREFIX, PaymentMethod
from ninefold.systems.payments.processors.simulator.script import CARDS, SIMULATED_ONLY
from ninefold.systems.payments.service.customers import get_customer
from ninefold.systems.payments.service.events import record_events
from ninefold.systems.payments.store import payments as store


def new_payment_method(merchant: Merchant, token: str, *, at: datetime) -> PaymentMethod | None:
    """Return a new payment method for a test token such as `pm_card_visa`; None if there is no such token.

    Raises:
        PaymentMethodUnusableError: the merchant's processor doesn't know the test card.
    """
    card = CARDS.get(token)
    if card is None:
        return None
    if merchant.processor != "simulator" and token in SIMULATED_ONLY:
        raise PaymentMethodUnusableError(
            f"{token} is a test card of the simulated processor, and this merchant's processor is "
            f"{merchant.processor}.",
            field="payment_method",
            remedy="Use one of Stripe's own test cards, such as pm_card_visa.",
        )
    return PaymentMethod(
        payment_method_id=new_id(),
        merchant_id=merchant.merchant_id,
        customer_id=None,
        token=token,
        brand=card.brand,
        last4=card.last4,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        funding=card.funding,
        country=card.country,
        billing_details={},
        metadata={},
        created_at=at,
    )


async def find_or_create_payment_method(
    connection: Connection, merchant: Merchant, text: str, *, at: datetime
) -> PaymentMethod:
    """Return the payment method of an id, or a new one for a test token; call it in a transaction.

    Raises:
        PaymentMethodNotFoundError: the merchant has no such payment method.
        PaymentMethodUnusableError: the merchant's processor doesn't know the test card.
    """
    new = new_payment_method(merchant, text, at=at)
    if new is not None:
        await store.payment_method_insert(connection, new)
        return new
    return await get_payment_method(connection, merchant_id=merchant.merchant_id, text=text)


async def get_payment_method(connection: Connection, *, merchant_id: UUID, text: str) -> PaymentMethod:
    """Return the payment method of an id such as `pm_…`.

    Raises:
        PaymentMethodNotFoundError: the merchant has no such payment method.
    """
    found = None
    try:
        payment_method_id = parse_id(PAYMENT_METHOD_PREFIX, text)
    except InvalidIdError:
        pass
    else:
        found = await store.payment_method_find(
            connection, merchant_id=merchant_id, payment_method_id=payment_method_id
        )
    if found is None:
        raise PaymentMethodNotFoundError(
            f"No such PaymentMethod: {text[:80]!r}.", field="payment_method", remedy="Use one of the merchant's own."
        )
    return found


async def create_payment_method(
    connection: Connection, merchant: Merchant, token: str, *, fields: Mapping[str, Any], at: datetime
) -> PaymentMethod:
    """Store a payment method for a test token; call it in a transaction.

    Args:
        connection: in a transaction.
        merchant: whose it is.
        token: of a test card.
        fields: what isn't as on the test card, with the names of `PaymentMethod`.
        at: when.

    Raises:
        PaymentMethodNotFoundError: there is no such test card.
        PaymentMethodUnusableError: the merchant's processor doesn't know the test card.
    """
    new = new_payment_method(merchant, token, at=at)
    if new is None:
        raise PaymentMethodNotFoundError(
            f"No such token: {token[:80]!r}.", field="card[token]", remedy="Use a test card, such as tok_visa."
        )
    method = msgspec.structs.replace(new, **fields)
    await store.payment_method_insert(connection, method)
    return method


async def attach_payment_method(
    connection: Connection,
    merchant: Merchant,
    method: PaymentMethod,
    *,
    customer_id: UUID,
    at: datetime,
    origin: Origin | None = None,
) -> PaymentMethod:
    """Let a payment method belong to a customer; call it in a transaction.

    Raises:
        CustomerNotFoundError: the merchant has no such customer.
        PaymentMethodAttachedError: it belongs to another customer.
    """
    await get_customer(connection, merchant_id=merchant.merchant_id, customer_id=customer_id)
    if method.customer_id not in (None, customer_id):
        raise PaymentMethodAttachedError(
            "The payment method you provided has already been attached to a customer.", field="payment_method"
        )
    attached = msgspec.structs.replace(method, customer_id=customer_id)
    event = NewEvent("payment_method.attached", Snapshot(payment_method=attached))
    return await save_payment_method(connection, merchant, attached, event, at=at, origin=origin)


async def detach_payment_method(
    connection: Connection, merchant: Merchant, method: PaymentMethod, *, at: datetime, origin: Origin | None = None
) -> PaymentMethod:
    """Let a payment method belong to no customer any more; call it in a transaction.

    Raises:
        PaymentMethodAttachedError: it belongs to none.
    """
    if method.customer_id is None:
        raise PaymentMethodAttachedError(
            "The payment method you provided is not attached to a customer so detachment is impossible.",
            field="payment_method",
        )
    detached = msgspec.structs.replace(method, customer_id=None)
    event = NewEvent(
        "payment_method.detached", Snapshot(payment_method=detached), previous=Snapshot(payment_method=method)
    )
    return await save_payment_method(connection, merchant, detached, event, at=at, origin=origin)


async def save_payment_method(
    connection: Connection,
    merchant: Merchant,
    method: PaymentMethod,
    event: NewEvent,
    *,
    at: datetime,
    origin: Origin | None = None,
) -> PaymentMethod:
    """Store a changed payment method, and tell the merchant; call it in a transaction."""
    await store.payment_method_update(connection, method)
    await record_events(connection, merchant, [event], at=at, origin=origin)
    return method
