"""Which amounts Stripe's API takes: at least about half a dollar, at most eight digits."""

from typing import Final

from ninefold.systems.payments.errors import InvalidCurrencyError
from ninefold.systems.payments.model.money import AMOUNT_MAX, Money, currency
from ninefold.systems.payments.stripe.errors import StripeError

MINIMUMS: Final = {
    "AED": 200,
    "AUD": 50,
    "BGN": 100,
    "BRL": 50,
    "CAD": 50,
    "CHF": 50,
    "CZK": 1500,
    "DKK": 250,
    "EUR": 50,
    "GBP": 30,
    "HKD": 400,
    "HUF": 17500,
    "INR": 50,
    "JPY": 50,
    "MXN": 1000,
    "MYR": 200,
    "NOK": 300,
    "NZD": 50,
    "PLN": 200,
    "RON": 200,
    "SEK": 300,
    "SGD": 50,
    "THB": 1000,
    "USD": 50,
}
"""The smallest charge in minor units, where Stripe documents one; 1 in other currencies."""


def check_amount(amount: int, code: str) -> Money:
    """Return what is to be paid.

    Raises:
        StripeError: the amount is too small or too large, or there is no such currency.
    """
    try:
        found = currency(code)
    except InvalidCurrencyError as error:
        raise StripeError(
            f"Invalid currency: {code[:20]}. Use a three-letter code of ISO 4217 in which amounts are paid.",
            param="currency",
        ) from error
    minimum = MINIMUMS.get(found.code, 1)
    if amount < minimum:
        message = f"Amount must be at least {Money(minimum, found)}."
        raise StripeError(message, code="amount_too_small", param="amount")
    if amount > AMOUNT_MAX:
        message = f"Amount must be no more than {Money(AMOUNT_MAX, found)}."
        raise StripeError(message, code="amount_too_large", param="amount")
    return Money(amount, found)
