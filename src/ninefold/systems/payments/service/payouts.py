"""Payouts: what is paid to merchants' banks, and what of it comes back."""

from datetime import datetime
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.errors import PayoutNotFoundError
from ninefold.systems.payments.model.ledger import AccountKey, AccountKind, Cause, new_transfer
from ninefold.systems.payments.model.settlement import PAYOUT_PREFIX, Payout, PayoutState
from ninefold.systems.payments.service.events import record_payout_event
from ninefold.systems.payments.service.ledger import post
from ninefold.systems.payments.service.settlement_changes import announce
from ninefold.systems.payments.store import settlement as store


async def get_payout(connection: Connection, *, organisation_id: UUID, payout_id: UUID) -> Payout:
    """Return a payout.

    Raises:
        PayoutNotFoundError: the organisation has no such payout.
    """
    payout = await store.payout_find(connection, organisation_id=organisation_id, payout_id=payout_id)
    if payout is None:
        raise PayoutNotFoundError(
            f"There is no payout {format_id(PAYOUT_PREFIX, payout_id)}.", remedy="List the payouts."
        )
    return payout


async def list_payouts(
    connection: Connection,
    *,
    organisation_id: UUID,
    merchant_id: UUID | None = None,
    state: PayoutState | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Payout]:
    """Return payouts of an organisation, newest first."""
    return await store.payout_list(
        connection, organisation_id=organisation_id, merchant_id=merchant_id, state=state, before=before, limit=limit
    )


async def fail_payout(connection: Connection, payout: Payout, *, code: str, message: str, at: datetime) -> None:
    """Write that a payout came back, and return its money to the merchant; a repetition changes nothing.

    If the bank has shown that it was paid, the money that is to come back from the bank is in suspense until the bank
    shows that too.
    """
    locked = await store.payout_lock(connection, payout_id=payout.payout_id)
    if locked is None or locked.state == "failed":
        return
    await store.payout_update_failed(connection, payout_id=payout.payout_id, at=at, code=code, message=message)
    available = AccountKey(payout.organisation_id, payout.merchant_id, "merchant_available", payout.currency)
    source = _shared(payout, "suspense") if locked.state == "paid" else in_flight(payout)
    transfer = new_transfer(
        Cause("payout_failed", payout.payout_id), leg=0, debit=source, credit=available, amount=payout.amount
    )
    failed = msgspec.structs.replace(locked, state="failed", failed_at=at, failure_code=code, failure_message=message)
    await record_payout_event(connection, "payout.failed", failed, at=at)
    await post(connection, [transfer], at=at)
    await announce(connection, payout)


async def confirm_payout(
    connection: Connection, payout: Payout, *, at: datetime, paid_amount: int | None = None
) -> AccountKey:
    """Write that the bank has paid a payout; return the account that the money leaves.

    That is suspense if the payout came back before the bank has shown that it was paid.

    Args:
        connection: in a transaction.
        payout: what was paid.
        at: now.
        paid_amount: what the bank has paid, if a person says that it isn't the payout's amount.
    """
    locked = await store.payout_lock(connection, payout_id=payout.payout_id)
    assert locked is not None, "payouts are never deleted"
    if locked.state == "failed":
        return _shared(payout, "suspense")
    amount = payout.amount if paid_amount is None else paid_amount
    await store.payout_update_paid(connection, payout_id=payout.payout_id, paid_amount=amount, at=at)
    if locked.state == "in_transit":
        paid = msgspec.structs.replace(locked, state="paid", paid_at=at, paid_amount=amount)
        await record_payout_event(connection, "payout.paid", paid, at=at)
    await announce(connection, payout)
    return in_flight(payout)


def in_flight(payout: Payout) -> AccountKey:
    """Return the account of what is on its way to the merchant's bank."""
    return AccountKey(payout.organisation_id, payout.merchant_id, "payout_in_flight", payout.currency)


def _shared(payout: Payout, kind: AccountKind) -> AccountKey:
    return AccountKey(payout.organisation_id, None, kind, payout.currency)
