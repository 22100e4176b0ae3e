"""Payment methods: what customers pay with."""

from datetime import datetime
from uuid import UUID

from ninefold.core.ids import InvalidIdError, new_id, parse_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.errors import PaymentMethodNotFoundError
from ninefold.systems.payments.model.payments import PAYMENT_METHOD_PREFIX, PaymentMethod
from ninefold.systems.payments.processors.simulator.script import CARDS
from ninefold.systems.payments.store import payments as store


def new_payment_method(merchant_id: UUID, token: str, *, at: datetime) -> PaymentMethod | None:
    """Return a new payment method for a test token such as `pm_card_visa`; None if there is no such token."""
    card = CARDS.get(token)
    if card is None:
        return None
    return PaymentMethod(
        payment_method_id=new_id(),
        merchant_id=merchant_id,
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
    connection: Connection, *, merchant_id: UUID, text: str, at: datetime
) -> PaymentMethod:
    """Return the payment method of an id, or a new one for a test token; call it in a transaction.

    Raises:
        PaymentMethodNotFoundError: the merchant has no such payment method.
    """
    new = new_payment_method(merchant_id, text, at=at)
    if new is not None:
        await store.payment_method_insert(connection, new)
        return new
    return await get_payment_method(connection, merchant_id=merchant_id, text=text)


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
