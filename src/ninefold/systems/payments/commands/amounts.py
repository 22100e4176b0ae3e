"""Amounts as the commands print them."""

from ninefold.systems.payments.model.money import Money, currency


def amount_text(amount: int | None, code: str) -> str | None:
    """Return an amount of minor units with its currency, such as `12.05 USD`; None stays None."""
    return None if amount is None else str(Money(amount, currency(code)))
