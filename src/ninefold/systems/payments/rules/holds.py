"""How long captured funds are held, and what share of them is kept back longer."""

from datetime import datetime, timedelta

from ninefold.systems.payments.model.merchants import Merchant
from ninefold.systems.payments.model.money import Money


def available_at(merchant: Merchant, captured_at: datetime) -> datetime:
    """Return when funds that are captured now become available to the merchant."""
    first = merchant.created_at + timedelta(days=merchant.first_payout_days)
    return max(captured_at + timedelta(days=merchant.hold_days), first)


def reserve_of(merchant: Merchant, captured: Money, *, fee: Money) -> Money:
    """Return what is kept back of a capture: at most what the fee leaves of it."""
    reserve = captured.share_bps(merchant.reserve_bps)
    return min(reserve, captured - fee)
