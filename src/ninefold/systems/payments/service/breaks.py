"""Breaks: what doesn't agree between us, the processors and the bank, until it does or a person has said why."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.ledger import AccountKey, AccountKind, Cause, Transfer, new_transfer
from ninefold.systems.payments.model.reconciliation import (
    BREAK_PREFIX,
    Break,
    BreakState,
    BreakType,
    NewBreak,
    StatementLine,
)
from ninefold.systems.payments.reconciliation_errors import BreakNotFoundError, BreakStateError, InvalidCorrectionError
from ninefold.systems.payments.rules.card_numbers import require_no_card_number
from ninefold.systems.payments.service.ledger import post
from ninefold.systems.payments.service.merchants import get_merchant
from ninefold.systems.payments.service.settlement_changes import announce
from ninefold.systems.payments.store import reconciliation as store

EVIDENCE_LENGTH_MAX: Final = 2_000
CORRECTABLE: Final[frozenset[AccountKind]] = frozenset(
    {"processor_receivable", "bank", "bank_fees", "fees", "suspense", "merchant_available"}
)
"""The accounts that a correction can move money between."""


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """What a person moves so that the accounts say what has happened."""

    debit: AccountKind
    credit: AccountKind
    amount: int
    merchant_id: UUID | None = None
    """Whose available account is meant, if one is."""


async def open_break(connection: Connection, new: NewBreak, *, organisation_id: UUID, at: datetime) -> None:
    """Open a break, unless it is open already or a person has resolved it."""
    opened = await store.break_insert(connection, new, break_id=new_id(), organisation_id=organisation_id, opened_at=at)
    if opened is not None:
        await announce(connection, opened)


async def close_breaks_of_line(connection: Connection, line: StatementLine, *, at: datetime) -> None:
    """Close the open breaks about a line that is matched now."""
    await close_breaks(
        connection,
        await store.break_list_open_of_line(
            connection, organisation_id=line.organisation_id, statement_line_id=line.statement_line_id
        ),
        at=at,
    )


async def close_breaks(connection: Connection, breaks: list[Break], *, at: datetime) -> None:
    """Close breaks that a comparison doesn't find any more."""
    await store.break_close(connection, break_ids=[each.break_id for each in breaks], at=at)
    for each in breaks:
        await announce(connection, each)


async def get_break(connection: Connection, *, organisation_id: UUID, break_id: UUID) -> Break:
    """Return a break.

    Raises:
        BreakNotFoundError: the organisation has no such break.
    """
    found = await store.break_find(connection, organisation_id=organisation_id, break_id=break_id)
    if found is None:
        raise _no_break(break_id)
    return found


async def list_breaks(
    connection: Connection,
    *,
    organisation_id: UUID,
    state: BreakState | None = None,
    break_type: BreakType | None = None,
    day: date | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Break]:
    """Return breaks of an organisation, newest first."""
    return await store.break_list(
        connection,
        organisation_id=organisation_id,
        state=state,
        break_type=break_type,
        day=day,
        before=before,
        limit=limit,
    )


async def resolve_break(
    connection: Connection,
    *,
    organisation_id: UUID,
    break_id: UUID,
    evidence: str,
    correction: Correction | None,
    resolved_by: str,
    at: datetime,
) -> Break:
    """Write why a break is none, and post what corrects the accounts; call it in a transaction.

    Raises:
        BreakNotFoundError: the organisation has no such break.
        BreakStateError: it isn't open.
        InvalidCorrectionError: the correction isn't possible.
        MerchantNotFoundError: the organisation has no such merchant.
        BalanceTooLowError: an account would be overdrawn.
        CardNumberError: the evidence contains a card number.
    """
    require_no_card_number(evidence, field="evidence")
    found = await lock_break(connection, organisation_id=organisation_id, break_id=break_id)
    transfer = None if correction is None else await _correct(connection, found, correction)
    if transfer is not None:
        await post(connection, [transfer], at=at)
    return await end_break(
        connection,
        found,
        evidence=evidence,
        correction_id=None if transfer is None else transfer.transfer_id,
        ended_by=resolved_by,
        at=at,
    )


async def lock_break(connection: Connection, *, organisation_id: UUID, break_id: UUID) -> Break:
    """Return an open break, and keep others from ending it.

    Raises:
        BreakNotFoundError: the organisation has no such break.
        BreakStateError: it isn't open.
    """
    found = await store.break_lock(connection, organisation_id=organisation_id, break_id=break_id)
    if found is None:
        raise _no_break(break_id)
    if found.state != "open":
        raise BreakStateError(f"{format_id(BREAK_PREFIX, break_id)} is {found.state}.", remedy="Nothing is left to do.")
    return found


async def end_break(
    connection: Connection, found: Break, *, evidence: str, correction_id: UUID | None, ended_by: str, at: datetime
) -> Break:
    """Write why a locked break is none, and which transfer corrects the accounts."""
    resolved = await store.break_update_resolved(
        connection,
        break_id=found.break_id,
        at=at,
        ended_by=ended_by,
        evidence=evidence,
        correction_id=correction_id,
    )
    assert resolved is not None, "it was locked and open"
    await announce(connection, resolved)
    return resolved


async def _correct(connection: Connection, found: Break, correction: Correction) -> Transfer:
    kinds = {correction.debit, correction.credit}
    if len(kinds) == 1 or not kinds <= CORRECTABLE:
        raise InvalidCorrectionError(
            f"Money can't be moved from {correction.debit} to {correction.credit} by a correction.",
            field="correction",
            remedy=f"Name two of {', '.join(sorted(CORRECTABLE))}.",
        )
    if ("merchant_available" in kinds) != (correction.merchant_id is not None):
        raise InvalidCorrectionError(
            "A merchant is needed for its available account, and only for that.",
            field="correction.merchant_id",
            remedy="Give the merchant's id with `merchant_available`.",
        )
    _check_suspense(found, correction)
    if correction.merchant_id is not None:
        await get_merchant(connection, organisation_id=found.organisation_id, merchant_id=correction.merchant_id)
    return new_transfer(
        Cause("correction", found.break_id),
        leg=0,
        debit=_account(found, correction, correction.debit),
        credit=_account(found, correction, correction.credit),
        amount=correction.amount,
    )


def _check_suspense(found: Break, correction: Correction) -> None:
    """Check that a correction takes the money of a bank's line out of suspense, and doesn't put as much in again."""
    if found.statement_line_id is None or not found.found_amount:
        return
    grows = "debit" if found.found_amount < 0 else "credit"
    if getattr(correction, grows) != "suspense":
        return
    other = "credit" if grows == "debit" else "debit"
    raise InvalidCorrectionError(
        f"The bank's line is in suspense as a {grows}. A second {grows} would double it.",
        field=f"correction.{grows}",
        remedy=f"Name suspense as the {other}.",
    )


def _account(found: Break, correction: Correction, kind: AccountKind) -> AccountKey:
    merchant_id = correction.merchant_id if kind == "merchant_available" else None
    return AccountKey(found.organisation_id, merchant_id, kind, found.currency)


def _no_break(break_id: UUID) -> BreakNotFoundError:
    return BreakNotFoundError(f"There is no break {format_id(BREAK_PREFIX, break_id)}.", remedy="List the breaks.")
