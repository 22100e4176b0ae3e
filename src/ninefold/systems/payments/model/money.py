"""Amounts of money: integers of the currency's minor units, never floating point, never of two currencies at once."""

from functools import cache
from typing import Annotated, Final

import iso4217
import msgspec

from ninefold.systems.payments.errors import InvalidAmountError, InvalidCurrencyError

CurrencyText = Annotated[str, msgspec.Meta(examples=["USD"])]
"""The code of a currency."""

AMOUNT_MAX: Final = 99_999_999
"""Minor units of one payment, as in Stripe's API."""


class Currency(msgspec.Struct, frozen=True, order=True):
    """A currency of ISO 4217."""

    code: str
    """Three upper-case letters, such as `USD`."""
    exponent: int
    """How many decimal places its minor unit has: 2 for `USD`, 0 for `JPY`."""

    def __str__(self) -> str:
        return self.code


@cache
def currency(code: str) -> Currency:
    """Return the currency of a code, in upper or lower case.

    Raises:
        InvalidCurrencyError: ISO 4217 has no such currency, or none in which amounts are paid.
    """
    try:
        found = iso4217.Currency(code.upper())
    except ValueError as error:
        raise _invalid(code) from error
    if found.exponent is None:
        # Such as XAU, an ounce of gold.
        raise _invalid(code)
    return Currency(code=found.code, exponent=found.exponent)


class Money(msgspec.Struct, frozen=True):
    """An amount in a currency. It can be negative: what is owed, or a difference."""

    amount: int
    """In minor units, such as cents."""
    currency: Currency

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._same(other).amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._same(other).amount, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._same(other).amount

    def __le__(self, other: "Money") -> bool:
        return self.amount <= self._same(other).amount

    def __str__(self) -> str:
        """Show it with the currency's decimal places, such as `-12.05 USD`."""
        sign = "-" if self.amount < 0 else ""
        digits = str(abs(self.amount)).zfill(self.currency.exponent + 1)
        if self.currency.exponent == 0:
            return f"{sign}{digits} {self.currency}"
        return f"{sign}{digits[: -self.currency.exponent]}.{digits[-self.currency.exponent :]} {self.currency}"

    def share_bps(self, bps: int) -> "Money":
        """Return a share of it in hundredths of a percent, rounded half up, away from zero."""
        share, rest = divmod(abs(self.amount) * bps, 10_000)
        rounded = share + (1 if rest * 2 >= 10_000 else 0)  # noqa: PLR2004 - the same 10,000.
        return Money(rounded if self.amount >= 0 else -rounded, self.currency)

    def _same(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise InvalidCurrencyError(f"{self.currency} and {other.currency} can't be added or compared.")
        return other


def payable(amount: int, code: str) -> Money:
    """Return an amount that a payment can have.

    Raises:
        InvalidAmountError: it isn't positive, or too large.
        InvalidCurrencyError: there is no such currency.
    """
    if not 1 <= amount <= AMOUNT_MAX:
        raise InvalidAmountError(
            f"The amount must be between 1 and {AMOUNT_MAX:,} minor units, and is {amount:,}.",
            field="amount",
            remedy="Give the amount in the smallest unit of the currency, such as cents.",
        )
    return Money(amount, currency(code))


def _invalid(code: str) -> InvalidCurrencyError:
    return InvalidCurrencyError(
        f"{code[:20]!r} isn't a currency of ISO 4217 in which amounts are paid.",
        field="currency",
        remedy="Give a code such as USD.",
    )
