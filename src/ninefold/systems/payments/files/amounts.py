"""Amounts as files write them: decimal text with exactly the places of the currency, and never floating point."""

import re
from typing import Final

from ninefold.systems.payments.errors import InvalidCurrencyError
from ninefold.systems.payments.files.errors import BankFileError
from ninefold.systems.payments.model.money import Currency, currency

_DECIMAL: Final = re.compile(r"(?P<whole>[0-9]{1,18})(?:\.(?P<places>[0-9]*))?")
_MINOR_MAX: Final = 10**18


def read_decimal(text: str, unit: Currency, *, line: int | None, name: str) -> int:
    """Return an amount in minor units from text such as `1234.50`.

    Fewer places than the currency has are zeros. More are refused, whatever they are: 100.000 USD could be a hundred or
    a hundred thousand.

    Raises:
        BankFileError: it isn't a decimal number, has a sign or an exponent, or more places than the currency.
    """
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise BankFileError(f"{text[:40]!r} isn't an amount, such as 1234.50.", line=line, name=name)
    places = match["places"] or ""
    if len(places) > unit.exponent:
        raise BankFileError(
            f"{text[:40]!r} has {len(places)} decimal places, and {unit} has {unit.exponent}.", line=line, name=name
        )
    amount = int(match["whole"] + places.ljust(unit.exponent, "0"))
    if amount >= _MINOR_MAX:
        raise BankFileError(f"{text[:40]!r} is too large.", line=line, name=name)
    return amount


def write_decimal(amount: int, unit: Currency) -> str:
    """Return an amount of minor units as decimal text, such as `1234.50`."""
    sign = "-" if amount < 0 else ""
    digits = str(abs(amount)).zfill(unit.exponent + 1)
    return sign + (digits if unit.exponent == 0 else f"{digits[: -unit.exponent]}.{digits[-unit.exponent :]}")


def read_currency(code: str, *, line: int | None, name: str) -> Currency:
    """Return the currency of a code.

    Raises:
        BankFileError: there is no such currency.
    """
    try:
        return currency(code)
    except InvalidCurrencyError as error:
        raise BankFileError(f"{code[:40]!r} isn't a currency of ISO 4217.", line=line, name=name) from error
