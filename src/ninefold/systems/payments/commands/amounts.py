"""Amounts as the commands print them."""

from typing import overload

from ninefold.systems.payments.model.money import Money, currency


@overload
def amount_text(amount: int, code: str) -> str: ...
@overload
def amount_text(amount: None, code: str) -> None: ...
def amount_text(amount: int | None, code: str) -> str | None:
    """Return an amount of minor units with its currency, such as `12.05 USD`; None stays None."""
    return None if amount is None else str(Money(amount, currency(code)))
