"""Which transfers each step of a payment makes in the ledger."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from ninefold.systems.payments.model.ledger import AccountKey, AccountKind, Cause, Transfer, TransferKind, new_transfer
from ninefold.systems.payments.model.merchants import Merchant

HELD_LEG: Final = 10
"""The leg of a capture that moves the funds to the merchant; those of the fee and the reserve follow."""


class Accounts(msgspec.Struct, frozen=True):
    """The accounts of a merchant in a currency."""

    merchant: Merchant
    currency: str

    def own(self, kind: AccountKind) -> AccountKey:
        """Return an account of the merchant."""
        return AccountKey(self.merchant.organisation_id, self.merchant.merchant_id, kind, self.currency)

    def shared(self, kind: AccountKind) -> AccountKey:
        """Return an account of the organisation."""
        return AccountKey(self.merchant.organisation_id, None, kind, self.currency)


def reserve_funds(accounts: Accounts, *, charge_id: UUID, amount: int, timeout_at: datetime | None) -> Transfer:
    """Return the shadow of funds that are authorised, or may be: pending until they are captured or released."""
    return new_transfer(
        Cause("authorise", charge_id),
        leg=0,
        debit=accounts.shared("processor_receivable"),
        credit=accounts.own("merchant_pending"),
        amount=amount,
        kind="pending",
        timeout_at=timeout_at,
    )


def resolve_funds(
    accounts: Accounts, *, charge_id: UUID, hold_id: UUID, held: int, kind: TransferKind, amount: int
) -> Transfer:
    """Return what resolves the shadow of funds: posts a part or all of it, voids it, or lets it expire."""
    return new_transfer(
        Cause("resolve", charge_id),
        leg=0,
        debit=accounts.shared("processor_receivable"),
        credit=accounts.own("merchant_pending"),
        amount=amount,
        kind=kind,
        pending_id=hold_id,
        pending_amount=held,
    )


def capture_funds(
    accounts: Accounts, *, charge_id: UUID, hold: tuple[UUID, int] | None, amount: int, fee: int, reserve: int
) -> list[Transfer]:
    """Return the transfers of a capture.

    Args:
        accounts: the merchant's.
        charge_id: what is captured.
        hold: the shadow of the funds and its amount; None if they were captured without one.
        amount: what is captured.
        fee: what of it is a fee.
        reserve: what of it is kept back.
    """
    cause, held = Cause("capture", charge_id), accounts.own("merchant_held")
    source = accounts.shared("processor_receivable") if hold is None else accounts.own("merchant_pending")
    transfers = [new_transfer(cause, leg=HELD_LEG, debit=source, credit=held, amount=amount)]
    if hold is not None:
        hold_id, hold_amount = hold
        posting = resolve_funds(
            accounts, charge_id=charge_id, hold_id=hold_id, held=hold_amount, kind="posts", amount=amount
        )
        transfers.insert(0, posting)
    if fee:
        transfers.append(new_transfer(cause, leg=HELD_LEG + 1, debit=held, credit=accounts.shared("fees"), amount=fee))
    if reserve:
        transfers.append(
            new_transfer(cause, leg=HELD_LEG + 2, debit=held, credit=accounts.own("merchant_reserve"), amount=reserve)
        )
    return transfers


def begin_refund(accounts: Accounts, *, refund_id: UUID, amount: int) -> Transfer:
    """Return what takes a refund from the merchant before the processor is asked for it."""
    return new_transfer(
        Cause("refund", refund_id),
        leg=0,
        debit=accounts.own("merchant_available"),
        credit=accounts.own("refunds_in_flight"),
        amount=amount,
    )


def finish_refund(accounts: Accounts, *, refund_id: UUID, amount: int, is_done: bool) -> Transfer:
    """Return what ends a refund: the processor takes it from what it owes, or the merchant gets it back."""
    return new_transfer(
        Cause("refund", refund_id),
        leg=1,
        debit=accounts.own("refunds_in_flight"),
        credit=accounts.shared("processor_receivable") if is_done else accounts.own("merchant_available"),
        amount=amount,
    )
