"""Money: integers with a currency, which can't be mixed."""

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.payments.errors import InvalidAmountError, InvalidCurrencyError
from ninefold.systems.payments.model.money import Money, currency, payable

DOLLAR, EURO, YEN = currency("usd"), currency("EUR"), currency("JPY")


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(1_205, DOLLAR), "12.05 USD"),
        (Money(-5, DOLLAR), "-0.05 USD"),
        (Money(1, YEN), "1 JPY"),
        (Money(1_234_567, currency("BHD")), "1234.567 BHD"),
    ],
)
def test_it_is_shown_with_the_decimal_places_of_its_currency(money: Money, text: str) -> None:
    assert str(money) == text


def test_two_currencies_are_never_added_nor_compared() -> None:
    for mixed in (operator.add, operator.sub, operator.lt, operator.le):
        with pytest.raises(InvalidCurrencyError):
            mixed(Money(1, DOLLAR), Money(1, EURO))


@pytest.mark.parametrize("code", ["", "US", "XTS", "XAU", "usdollar", "12A"])
def test_what_is_no_currency_is_refused(code: str) -> None:
    with pytest.raises(InvalidCurrencyError):
        currency(code)


@pytest.mark.parametrize("amount", [0, -1, 100_000_000])
def test_what_nobody_can_pay_is_refused(amount: int) -> None:
    with pytest.raises(InvalidAmountError):
        payable(amount, "usd")


@given(st.integers(-(10**9), 10**9), st.integers(0, 10_000))
def test_a_share_is_rounded_half_away_from_zero(amount: int, bps: int) -> None:
    share = Money(amount, DOLLAR).share_bps(bps).amount

    assert abs(2 * (share * 10_000 - amount * bps)) <= 10_000
    assert Money(-amount, DOLLAR).share_bps(bps).amount == -share
