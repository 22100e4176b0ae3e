"""How long captured funds are held, and what share of them is kept back longer."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from ninefold.systems.payments.model.merchants import Merchant
from ninefold.systems.payments.model.money import Money
from ninefold.systems.payments.rules.banking_days import available_day, local_moment


def available_at(merchant: Merchant, captured_at: datetime) -> datetime:
    """Return when funds that are captured now become available to the merchant.

    That is the beginning of the merchant's day that is so many banking days after the capture; without a hold, it is
    at once. Nothing is available before the first days of the merchant have passed.
    """
    first = merchant.created_at + timedelta(days=merchant.first_payout_days)
    if merchant.hold_days == 0:
        return max(captured_at, first)
    day = available_day(captured_at.astimezone(ZoneInfo(merchant.time_zone)).date(), hold_days=merchant.hold_days)
    return max(local_moment(day, time(), merchant.time_zone), first)


def reserve_of(merchant: Merchant, captured: Money, *, fee: Money) -> Money:
    """Return what is kept back of a capture: at most what the fee leaves of it."""
    reserve = captured.share_bps(merchant.reserve_bps)
    return min(reserve, captured - fee)
