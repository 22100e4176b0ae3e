"""What captures cost, in each currency."""

from typing import Any

import pytest

from ninefold.systems.payments.model.merchants import CurrencyFee, Merchant
from ninefold.systems.payments.model.money import Money, currency
from ninefold.systems.payments.rules.fees import capture_fee

AGREED: dict[str, Any] = {
    "default_currency": "USD",
    "fee_bps": 290,
    "fee_fixed": 30,
    "fees": (CurrencyFee(currency="JPY", bps=360, fixed=40),),
}


@pytest.mark.parametrize(
    ("code", "captured", "fee"),
    [
        ("USD", 10_000, 320),
        # Half a minor unit is rounded up: 2.9 % of 50 is 1.45, and of 500 is 14.5.
        ("USD", 50, 31),
        ("USD", 500, 45),
        ("JPY", 10_000, 400),
        # Nothing is agreed about euros: the share of dollars, and no fixed amount.
        ("EUR", 10_000, 290),
        # A fee is never more than what was captured.
        ("USD", 20, 20),
        ("JPY", 30, 30),
    ],
)
def test_a_capture_costs_what_is_agreed_about_its_currency(code: str, captured: int, fee: int) -> None:
    merchant = Merchant(**{**dict.fromkeys(Merchant.__struct_fields__), **AGREED})

    assert capture_fee(merchant, Money(captured, currency(code))) == Money(fee, currency(code))
