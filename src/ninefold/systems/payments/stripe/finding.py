"""Objects by the texts of their ids: those of the merchant, or Stripe's error that there is none."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from ninefold.core.ids import InvalidIdError, parse_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.errors import PaymentMethodNotFoundError
from ninefold.systems.payments.model.events import EVENT_PREFIX, WEBHOOK_ENDPOINT_PREFIX
from ninefold.systems.payments.model.merchants import Merchant
from ninefold.systems.payments.model.pages import BALANCE_TRANSACTION_PREFIX
from ninefold.systems.payments.model.payments import (
    CHARGE_PREFIX,
    CUSTOMER_PREFIX,
    INTENT_PREFIX,
    REFUND_PREFIX,
    Charge,
    Intent,
    PaymentMethod,
)
from ninefold.systems.payments.model.settlement import PAYOUT_PREFIX
from ninefold.systems.payments.service.payment_methods import get_payment_method
from ninefold.systems.payments.service.reading import get_payment_of_merchant
from ninefold.systems.payments.store import payments as store
from ninefold.systems.payments.stripe.errors import not_found
from ninefold.systems.payments.stripe.objects.base import Json
from ninefold.systems.payments.stripe.objects.charges import show_charge


def _reader(prefix: str, kind: str, default_param: str) -> Callable[..., UUID]:
    def read(text: str, *, param: str = default_param) -> UUID:
        try:
            return parse_id(prefix, text)
        except InvalidIdError as error:
            raise not_found(kind, text, param=param) from error

    return read


intent_id_of: Final = _reader(INTENT_PREFIX, "payment_intent", "intent")
charge_id_of: Final = _reader(CHARGE_PREFIX, "charge", "charge")
refund_id_of: Final = _reader(REFUND_PREFIX, "refund", "refund")
customer_id_of: Final = _reader(CUSTOMER_PREFIX, "customer", "customer")
event_id_of: Final = _reader(EVENT_PREFIX, "event", "id")
balance_transaction_id_of: Final = _reader(BALANCE_TRANSACTION_PREFIX, "balance transaction", "id")
payout_id_of: Final = _reader(PAYOUT_PREFIX, "payout", "payout")
webhook_endpoint_id_of: Final = _reader(WEBHOOK_ENDPOINT_PREFIX, "webhook endpoint", "id")


async def find_intent(connection: Connection, merchant: Merchant, text: str) -> Intent:
    """Return a payment of a merchant.

    Raises:
        StripeError: it has no such payment.
    """
    return await get_payment_of_merchant(connection, merchant_id=merchant.merchant_id, intent_id=intent_id_of(text))


async def find_payment_method(connection: Connection, merchant: Merchant, text: str) -> PaymentMethod:
    """Return a payment method of a merchant.

    Raises:
        StripeError: it has no such payment method.
    """
    try:
        return await get_payment_method(connection, merchant_id=merchant.merchant_id, text=text)
    except PaymentMethodNotFoundError as error:
        raise not_found("PaymentMethod", text, param="payment_method") from error


async def show_charge_of_merchant(connection: Connection, merchant: Merchant, charge: Charge) -> Json:
    """Return a Charge with what its representation needs."""
    intent = await get_payment_of_merchant(connection, merchant_id=merchant.merchant_id, intent_id=charge.intent_id)
    method = await store.payment_method_find(
        connection, merchant_id=merchant.merchant_id, payment_method_id=charge.payment_method_id
    )
    return show_charge(charge, intent, method)
