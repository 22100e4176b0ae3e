"""What a capture costs the merchant."""

from ninefold.systems.payments.model.merchants import CurrencyFee, Merchant
from ninefold.systems.payments.model.money import Money


def capture_fee(merchant: Merchant, captured: Money) -> Money:
    """Return the fee of a capture: a share of it, rounded half up, and a fixed amount; at most all of it."""
    agreed = fee_in(merchant, captured.currency.code)
    fee = captured.share_bps(agreed.bps).amount + agreed.fixed
    return Money(min(fee, captured.amount), captured.currency)


def fee_in(merchant: Merchant, code: str) -> CurrencyFee:
    """Return what captures in a currency cost.

    Without an agreement about the currency, it is the share of the default currency. The fixed amount isn't: 30 of its
    minor units may be much more in another currency, or much less.
    """
    if code == merchant.default_currency:
        return CurrencyFee(currency=code, bps=merchant.fee_bps, fixed=merchant.fee_fixed)
    agreed = next((fee for fee in merchant.fees if fee.currency == code), None)
    return agreed or CurrencyFee(currency=code, bps=merchant.fee_bps, fixed=0)
