"""What a person says about a line of the bank: it pays out a payout, with another amount or without its reference."""

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.ledger import AccountKey, Cause, Transfer, new_transfer
from ninefold.systems.payments.model.reconciliation import BREAK_PREFIX, Break, StatementLine
from ninefold.systems.payments.model.settlement import PAYOUT_PREFIX, Payout
from ninefold.systems.payments.reconciliation_errors import BreakStateError, InvalidMatchError
from ninefold.systems.payments.rules.break_advice import names_bank_file
from ninefold.systems.payments.rules.card_numbers import require_no_card_number
from ninefold.systems.payments.service.breaks import end_break, get_break, lock_break
from ninefold.systems.payments.service.ledger import post
from ninefold.systems.payments.service.matching import Match, transfers_of_line
from ninefold.systems.payments.service.payouts import confirm_payout, get_payout, in_flight
from ninefold.systems.payments.store import statements

DifferenceAccount: TypeAlias = Literal["suspense", "bank_fees"]


async def match_break(
    connection: Connection,
    *,
    organisation_id: UUID,
    break_id: UUID,
    payout_id: UUID | None,
    difference_account: DifferenceAccount,
    evidence: str,
    matched_by: str,
    at: datetime,
) -> Break:
    """Write that the line of a break pays out a payout, and resolve the break; call it in a transaction.

    The payout is paid with the amount of the line. What that is off goes to the account for it, with the break as its
    cause.

    Args:
        connection: in a transaction.
        organisation_id: whose break it is.
        break_id: of the break.
        payout_id: what the line pays out; None for the payout that the break is about.
        difference_account: `suspense` if the bank is to correct the difference, `bank_fees` if it stays as it is.
        evidence: what proves it.
        matched_by: who says it.
        at: now.

    Raises:
        BreakNotFoundError: the organisation has no such break.
        BreakStateError: it isn't open.
        InvalidMatchError: it isn't about a line that pays something out, the line names a bank file of several payouts,
            or the payout isn't one that it can pay.
        PayoutNotFoundError: the organisation has no such payout.
        CardNumberError: the evidence contains a card number.
    """
    require_no_card_number(evidence, field="evidence")
    line = await _lock_line(connection, await get_break(connection, organisation_id=organisation_id, break_id=break_id))
    # After the line, as the matching of lines does it.
    found = await lock_break(connection, organisation_id=organisation_id, break_id=break_id)
    if line.state != "suspense":
        raise BreakStateError("The line is matched already.", remedy="Nothing is left to do.")
    payout = await _find_payout(connection, found, payout_id)
    _check(line, payout)
    difference = await _pay(connection, line, payout, found, difference_account, at=at)
    matched = msgspec.structs.replace(
        line, state="matched", match_rule="person", payout_id=payout.payout_id, matched_at=at
    )
    await statements.statement_line_update(connection, matched)
    return await end_break(
        connection,
        found,
        evidence=evidence,
        correction_id=None if difference is None else difference.transfer_id,
        ended_by=matched_by,
        at=at,
    )


async def _lock_line(connection: Connection, found: Break) -> StatementLine:
    line = None
    if found.statement_line_id is not None:
        line = await statements.statement_line_lock(connection, statement_line_id=found.statement_line_id)
    if line is None or line.kind != "entry" or line.amount >= 0:
        raise InvalidMatchError(
            f"{format_id(BREAK_PREFIX, found.break_id)} isn't about a line with which the bank has paid something out.",
            remedy="Resolve the break instead.",
        )
    if names_bank_file(found):
        raise InvalidMatchError(
            f"{format_id(BREAK_PREFIX, found.break_id)} is about a line that names a bank file of several payouts."
            " It can't be matched with one of them.",
            remedy="Ask the bank to take it back and to pay the file's total; then resolve the break.",
        )
    return line


async def _find_payout(connection: Connection, found: Break, payout_id: UUID | None) -> Payout:
    wanted = payout_id or found.payout_id
    if wanted is None:
        raise InvalidMatchError(
            "The break doesn't say which payout it is about.", field="payout_id", remedy="Name the payout."
        )
    return await get_payout(connection, organisation_id=found.organisation_id, payout_id=wanted)


def _check(line: StatementLine, payout: Payout) -> None:
    name = format_id(PAYOUT_PREFIX, payout.payout_id)
    if payout.currency != line.currency:
        raise InvalidMatchError(
            f"The line is in {line.currency}, and {name} in {payout.currency}.",
            field="payout_id",
            remedy=f"Name a payout in {line.currency}, or resolve the break instead.",
        )
    if payout.state != "in_transit":
        raise InvalidMatchError(
            f"{name} isn't with the bank: it is {payout.state}.",
            field="payout_id",
            remedy="Name a payout that is in_transit, or resolve the break instead.",
        )


async def _pay(
    connection: Connection,
    line: StatementLine,
    payout: Payout,
    found: Break,
    difference_account: DifferenceAccount,
    *,
    at: datetime,
) -> Transfer | None:
    """Post what the line and the payout have in common, and what they differ by; return the transfer of that."""
    source = await confirm_payout(connection, payout, paid_amount=-line.amount, at=at)
    if source != in_flight(payout):
        raise InvalidMatchError("The bank has just returned the payout.", field="payout_id", remedy="Look at it again.")
    common = Match(rule="person", payout_id=payout.payout_id, moves=[(source, min(payout.amount, -line.amount))])
    rest = _difference(line, payout, found, difference_account)
    await post(connection, [*transfers_of_line(line, common), *([] if rest is None else [rest])], at=at)
    return rest


def _difference(line: StatementLine, payout: Payout, found: Break, kind: DifferenceAccount) -> Transfer | None:
    """Return the transfer of a difference; None if there is none, or if it stays in suspense, where it is."""
    target = AccountKey(line.organisation_id, None, kind, line.currency)
    suspense = AccountKey(line.organisation_id, None, "suspense", line.currency)
    cause = Cause("correction", found.break_id)
    left = payout.amount + line.amount
    if left > 0:
        return new_transfer(cause, leg=0, debit=in_flight(payout), credit=target, amount=left)
    if left < 0 and kind != "suspense":
        return new_transfer(cause, leg=0, debit=target, credit=suspense, amount=-left)
    return None
