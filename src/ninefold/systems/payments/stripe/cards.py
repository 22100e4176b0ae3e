"""Cards as requests describe them: a test number or a test token, of which only the token is kept."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.errors import PaymentMethodNotFoundError
from ninefold.systems.payments.model.merchants import Merchant
from ninefold.systems.payments.model.payments import PaymentMethod
from ninefold.systems.payments.rules.card_numbers import TEST_NUMBERS, passes_luhn, without_separators
from ninefold.systems.payments.service.payment_methods import (
    create_payment_method,
    find_or_create_payment_method,
)
from ninefold.systems.payments.stripe.emails import check_email
from ninefold.systems.payments.stripe.errors import StripeError, card_error, not_found
from ninefold.systems.payments.stripe.finding import PAYMENT_METHODS
from ninefold.systems.payments.stripe.metadata import merge_metadata

YEAR_MAX: Final = 50
"""How many years ahead a card can expire."""

_TOKEN_PREFIX: Final = "tok_"  # noqa: S105  # the beginning of every test token, no secret.
_METHOD_PREFIX: Final = "pm_card_"
_CENTURY: Final = 100
_DECEMBER: Final = 12
_CVC_LENGTHS: Final = (3, 4)
_NUMBER_LENGTH_MIN: Final = 12


class Address(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A postal address."""

    city: str | None = None
    country: str | None = None
    line1: str | None = None
    line2: str | None = None
    postal_code: str | None = None
    state: str | None = None


class BillingDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whom a card belongs to."""

    address: Address | None = None
    email: Annotated[str, msgspec.Meta(max_length=512)] | None = None
    name: str | None = None
    phone: str | None = None
    tax_id: str | None = None


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A card: a number with its expiry, or a token."""

    number: Annotated[str, msgspec.Meta(max_length=30)] | None = None
    exp_month: int | None = None
    exp_year: int | None = None
    cvc: Annotated[str, msgspec.Meta(max_length=10)] | None = None
    token: Annotated[str, msgspec.Meta(max_length=100)] | None = None

    def __repr__(self) -> str:
        return "Card()"


class CardMethodData(msgspec.Struct, frozen=True, kw_only=True):
    """A payment method that is made from a card."""

    type: Literal["card"]
    card: Card
    billing_details: BillingDetails | None = None
    metadata: dict[str, str] | None = {}
    allow_redisplay: Literal["always", "limited", "unspecified"] = "unspecified"


async def create_card_method(
    connection: Connection, merchant: Merchant, data: CardMethodData, *, at: datetime
) -> PaymentMethod:
    """Make a payment method from a card, and forget its number; call it in a transaction.

    Raises:
        StripeError: it isn't a test card, or is described wrongly.
        PaymentMethodUnusableError: the merchant's processor doesn't know the test card.
    """
    token, fields = _read_card(data.card, at)
    fields["metadata"] = merge_metadata({}, data.metadata)
    if data.billing_details is not None:
        check_email(data.billing_details.email, param="billing_details[email]")
    fields["billing_details"] = show_details(data.billing_details)
    try:
        return await create_payment_method(connection, merchant, token, fields=fields, at=at)
    except PaymentMethodNotFoundError as error:
        raise not_found("token", data.card.token or "", param="card[token]") from error


async def store_card_method(
    connection: Connection, merchant: Merchant, text: str, *, at: datetime, param: str | None = None
) -> PaymentMethod:
    """Return the payment method of an id, or a new one for a test token; call it in a transaction.

    Raises:
        StripeError: the merchant has no such payment method.
        PaymentMethodUnusableError: the merchant's processor doesn't know the test card.
    """
    try:
        return await find_or_create_payment_method(connection, merchant, text, at=at)
    except PaymentMethodNotFoundError as error:
        raise PAYMENT_METHODS.missing(text, param) from error


def show_details(details: BillingDetails | None) -> dict[str, Any]:
    """Return billing details as they are stored."""
    if details is None:
        return {}
    shown: dict[str, Any] = msgspec.to_builtins(details)
    return shown


def check_expiry(month: int | None, year: int | None, at: datetime) -> tuple[int, int]:
    """Return the month and the year in which a card expires.

    Raises:
        StripeError: there is no such month, or it is over, or far ahead.
    """
    if month is None or not 1 <= month <= _DECEMBER:
        raise card_error(
            "Your card's expiration month is invalid.", code="invalid_expiry_month", param="card[exp_month]"
        )
    if year is not None and 0 <= year < _CENTURY:
        year += at.year // _CENTURY * _CENTURY
    if year is None or not (at.year, at.month) <= (year, month) or year > at.year + YEAR_MAX:
        raise card_error("Your card's expiration year is invalid.", code="invalid_expiry_year", param="card[exp_year]")
    return month, year


def _read_card(card: Card, at: datetime) -> tuple[str, dict[str, Any]]:
    if card.token is not None:
        return _METHOD_PREFIX + card.token.removeprefix(_TOKEN_PREFIX), {}
    if card.number is None:
        raise StripeError("Missing required param: card[number].", code="parameter_missing", param="card[number]")
    number = without_separators(card.number)
    token = TEST_NUMBERS.get(number)
    if token is None:
        raise _wrong_number(number)
    month, year = check_expiry(card.exp_month, card.exp_year, at)
    if card.cvc is not None and not (card.cvc.isascii() and card.cvc.isdigit() and len(card.cvc) in _CVC_LENGTHS):
        raise card_error("Your card's security code is invalid.", code="invalid_cvc", param="card[cvc]")
    return token, {"last4": number[-4:], "exp_month": month, "exp_year": year}


def _wrong_number(number: str) -> StripeError:
    if len(number) < _NUMBER_LENGTH_MIN or not passes_luhn(number):
        message = "Your card number is incorrect."
        return card_error(message, code="incorrect_number", param="card[number]")
    return card_error(
        "Your card was declined. Your request was in test mode, but used a non test card. Use one of the test cards.",
        code="card_declined",
        decline_code="test_mode_live_card",
        param="card[number]",
    )
