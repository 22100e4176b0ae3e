"""What a capture costs the merchant."""

from ninefold.systems.payments.model.merchants import Merchant
from ninefold.systems.payments.model.money import Money


def capture_fee(merchant: Merchant, captured: Money) -> Money:
    """Return the fee of a capture: a share of it and a fixed amount, at most all of it."""
    fee = captured.share_bps(merchant.fee_bps).amount + merchant.fee_fixed
    return Money(min(fee, captured.amount), captured.currency)
