"""Objects by the texts of their ids: those of the merchant, or Stripe's error that there is none.

The error depends on where the client has sent the id. For the object of the path it has the status 404; for one that a
parameter names, 400 and the name of the parameter.
"""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from ninefold.core.errors import NotFoundError
from ninefold.core.ids import InvalidIdError, parse_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.customers import Customer
from ninefold.systems.payments.model.events import EVENT_PREFIX, WEBHOOK_ENDPOINT_PREFIX, Event, WebhookEndpoint
from ninefold.systems.payments.model.merchants import Merchant
from ninefold.systems.payments.model.pages import BALANCE_TRANSACTION_PREFIX, BalanceTransaction
from ninefold.systems.payments.model.payments import (
    CHARGE_PREFIX,
    CUSTOMER_PREFIX,
    INTENT_PREFIX,
    PAYMENT_METHOD_PREFIX,
    REFUND_PREFIX,
    Charge,
    Intent,
    PaymentMethod,
    Refund,
)
from ninefold.systems.payments.model.settlement import PAYOUT_PREFIX, Payout
from ninefold.systems.payments.service import customers, events, payment_methods, reading, webhook_endpoints
from ninefold.systems.payments.store import payments as store
from ninefold.systems.payments.store.pages import payout_find_of_merchant
from ninefold.systems.payments.stripe.errors import StripeError, not_found
from ninefold.systems.payments.stripe.objects.base import Json
from ninefold.systems.payments.stripe.objects.charges import show_charge

T = TypeVar("T")


class Kind(msgspec.Struct, frozen=True):
    """A kind of objects."""

    prefix: str
    name: str
    """In Stripe's errors."""
    path_param: str
    """How Stripe's errors call the part of the path that names one."""

    def missing(self, text: str, param: str | None) -> StripeError:
        """Return the error that there is none with this id; without a `param`, it is that of the path."""
        return not_found(self.name, text, param=param or self.path_param, is_in_path=param is None)

    def id_of(self, text: str, param: str | None = None) -> UUID:
        """Return the UUID of an id.

        Raises:
            StripeError: it isn't the id of such an object.
        """
        try:
            return parse_id(self.prefix, text)
        except InvalidIdError as error:
            raise self.missing(text, param) from error

    async def find(self, text: str, param: str | None, load: Callable[[UUID], Awaitable[T | None]]) -> T:
        """Return the object of an id.

        Raises:
            StripeError: there is none.
        """
        try:
            found = await load(self.id_of(text, param))
        except NotFoundError as error:
            raise self.missing(text, param) from error
        if found is None:
            raise self.missing(text, param)
        return found


PAYMENT_INTENTS: Final = Kind(INTENT_PREFIX, "payment_intent", "intent")
PAYMENT_METHODS: Final = Kind(PAYMENT_METHOD_PREFIX, "PaymentMethod", "payment_method")
CHARGES: Final = Kind(CHARGE_PREFIX, "charge", "id")
REFUNDS: Final = Kind(REFUND_PREFIX, "refund", "id")
CUSTOMERS: Final = Kind(CUSTOMER_PREFIX, "customer", "id")
EVENTS: Final = Kind(EVENT_PREFIX, "event", "id")
BALANCE_TRANSACTIONS: Final = Kind(BALANCE_TRANSACTION_PREFIX, "balance transaction", "id")
PAYOUTS: Final = Kind(PAYOUT_PREFIX, "payout", "payout")
WEBHOOK_ENDPOINTS: Final = Kind(WEBHOOK_ENDPOINT_PREFIX, "webhook endpoint", "id")


async def find_intent(connection: Connection, merchant: Merchant, text: str, *, param: str | None = None) -> Intent:
    """Return a payment of a merchant.

    Raises:
        StripeError: it has no such payment.
    """
    return await PAYMENT_INTENTS.find(
        text,
        param,
        lambda intent_id: reading.get_payment_of_merchant(
            connection, merchant_id=merchant.merchant_id, intent_id=intent_id
        ),
    )


async def find_charge(connection: Connection, merchant: Merchant, text: str, *, param: str | None = None) -> Charge:
    """Return a charge of a merchant.

    Raises:
        StripeError: it has no such charge.
    """
    return await CHARGES.find(
        text,
        param,
        lambda charge_id: reading.get_charge(connection, merchant_id=merchant.merchant_id, charge_id=charge_id),
    )


async def find_refund(connection: Connection, merchant: Merchant, text: str) -> Refund:
    """Return a refund of a merchant.

    Raises:
        StripeError: it has no such refund.
    """
    return await REFUNDS.find(
        text,
        None,
        lambda refund_id: reading.get_refund(connection, merchant_id=merchant.merchant_id, refund_id=refund_id),
    )


async def find_customer(connection: Connection, merchant: Merchant, text: str, *, param: str | None = None) -> Customer:
    """Return a customer of a merchant that isn't deleted.

    Raises:
        StripeError: it has no such customer.
    """
    return await CUSTOMERS.find(
        text,
        param,
        lambda customer_id: customers.get_customer(
            connection, merchant_id=merchant.merchant_id, customer_id=customer_id
        ),
    )


async def find_any_customer(
    connection: Connection, merchant: Merchant, text: str, *, param: str | None = None
) -> Customer:
    """Return a customer of a merchant, also a deleted one.

    Raises:
        StripeError: it has no such customer.
    """
    return await CUSTOMERS.find(
        text,
        param,
        lambda customer_id: customers.find_customer(
            connection, merchant_id=merchant.merchant_id, customer_id=customer_id
        ),
    )


async def find_payment_method(
    connection: Connection, merchant: Merchant, text: str, *, param: str | None = None
) -> PaymentMethod:
    """Return a payment method of a merchant.

    Raises:
        StripeError: it has no such payment method.
    """
    return await PAYMENT_METHODS.find(
        text,
        param,
        lambda _: payment_methods.get_payment_method(connection, merchant_id=merchant.merchant_id, text=text),
    )


async def find_event(connection: Connection, merchant: Merchant, text: str) -> Event:
    """Return an event of a merchant.

    Raises:
        StripeError: it has no such event.
    """
    return await EVENTS.find(
        text,
        None,
        lambda event_id: events.get_event(connection, merchant_id=merchant.merchant_id, event_id=event_id),
    )


async def find_webhook_endpoint(connection: Connection, merchant: Merchant, text: str) -> WebhookEndpoint:
    """Return a webhook endpoint of a merchant.

    Raises:
        StripeError: it has no such endpoint.
    """
    return await WEBHOOK_ENDPOINTS.find(
        text,
        None,
        lambda endpoint_id: webhook_endpoints.get_endpoint(
            connection, merchant_id=merchant.merchant_id, webhook_endpoint_id=endpoint_id
        ),
    )


async def find_balance_transaction(connection: Connection, merchant: Merchant, text: str) -> BalanceTransaction:
    """Return a change of a merchant's balance.

    Raises:
        StripeError: there is no such change.
    """
    return await BALANCE_TRANSACTIONS.find(
        text,
        None,
        lambda change_id: reading.get_balance_transaction(
            connection, merchant_id=merchant.merchant_id, balance_transaction_id=change_id
        ),
    )


async def find_payout(connection: Connection, merchant: Merchant, text: str) -> Payout:
    """Return a payout of a merchant.

    Raises:
        StripeError: it has no such payout.
    """
    return await PAYOUTS.find(
        text,
        None,
        lambda payout_id: payout_find_of_merchant(connection, merchant_id=merchant.merchant_id, payout_id=payout_id),
    )


async def show_charge_of_merchant(connection: Connection, merchant: Merchant, charge: Charge) -> Json:
    """Return a Charge with what its representation needs."""
    intent = await reading.get_payment_of_merchant(
        connection, merchant_id=merchant.merchant_id, intent_id=charge.intent_id
    )
    method = await store.payment_method_find(
        connection, merchant_id=merchant.merchant_id, payment_method_id=charge.payment_method_id
    )
    return show_charge(charge, intent, method)
