"""What of a balance is paid out, and what is carried to the next batch."""

import msgspec

from ninefold.systems.payments.model.settlement import CarriedReason


class Netting(msgspec.Struct, frozen=True):
    """Amounts in minor units, one of which is zero."""

    payout: int
    carried: int
    reason: CarriedReason | None
    """Why nothing is paid out; None if everything is."""


def net(balance: int, *, minimum: int, has_bank_account: bool) -> Netting:
    """Return what of a balance in minor units is paid out: all of it, or nothing."""
    if balance == 0:
        return Netting(0, 0, "nothing")
    if balance < 0:
        return Netting(0, balance, "negative")
    if balance < minimum:
        return Netting(0, balance, "below_minimum")
    if not has_bank_account:
        return Netting(0, balance, "no_bank_account")
    return Netting(balance, 0, None)
