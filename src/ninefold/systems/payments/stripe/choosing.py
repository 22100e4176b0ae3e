"""What a payment is paid with, and by whom, as a request names it."""

from uuid import UUID

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.payments import PAYMENT_METHOD_PREFIX, PaymentMethod
from ninefold.systems.payments.service.payment_methods import new_payment_method
from ninefold.systems.payments.stripe.calls import Call
from ninefold.systems.payments.stripe.cards import CardMethodData, create_card_method
from ninefold.systems.payments.stripe.errors import StripeError
from ninefold.systems.payments.stripe.finding import find_customer, find_payment_method


async def customer_of(call: Call, connection: Connection, text: str | None) -> UUID | None:
    """Return the id of a customer of the merchant; None if none is named.

    Raises:
        StripeError: the merchant has no such customer, or it was deleted.
    """
    if text is None:
        return None
    return (await find_customer(connection, call.merchant, text, param="customer")).customer_id


async def choose_payment_method(
    call: Call, connection: Connection, text: str | None, data: CardMethodData | None, customer_id: UUID | None
) -> str | None:
    """Return the id of a payment method, or a test token; None if none is named. Call it in a transaction.

    Args:
        call: the request.
        connection: in a transaction.
        text: an id, or a test token such as `pm_card_visa`.
        data: a card from which a payment method is made.
        customer_id: the customer of the payment.

    Raises:
        StripeError: the merchant has no such payment method, or it is another customer's.
        PaymentMethodUnusableError: the merchant's processor doesn't know the test card.
    """
    if data is not None:
        created = await create_card_method(connection, call.merchant, data, at=call.at)
        return format_id(PAYMENT_METHOD_PREFIX, created.payment_method_id)
    if text is None or new_payment_method(call.merchant, text, at=call.at) is not None:
        return text
    method = await find_payment_method(connection, call.merchant, text, param="payment_method")
    _check_owner(method, customer_id)
    return text


def _check_owner(method: PaymentMethod, customer_id: UUID | None) -> None:
    if method.customer_id in (None, customer_id):
        return
    raise StripeError(
        "The provided PaymentMethod belongs to a Customer. Include that customer in this request, or use another "
        "PaymentMethod.",
        code="payment_method_customer_decline",
        param="payment_method",
    )
