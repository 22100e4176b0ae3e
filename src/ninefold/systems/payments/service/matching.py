"""Matches the lines of banks' files with payouts, bank files and settlement reports, and posts what they say.

A line is matched by what it refers to; else by amount and date, if both sides have just one candidate. What matches
nothing, or has another amount or currency, goes to suspense, and is a break until it matches or a person resolves it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.systems.payments.files.nacha import RETURN_REASONS
from ninefold.systems.payments.model.ledger import AccountKey, AccountKind, Cause, Transfer, new_transfer
from ninefold.systems.payments.model.reconciliation import (
    SETTLEMENT_REPORT_PREFIX,
    BreakType,
    MatchRule,
    NewBreak,
    ReportTotal,
    StatementLine,
)
from ninefold.systems.payments.model.settlement import BankFile, Payout
from ninefold.systems.payments.rules.statement_lines import report_reference
from ninefold.systems.payments.service.breaks import close_breaks_of_line, open_break
from ninefold.systems.payments.service.ledger import post
from ninefold.systems.payments.service.payouts import confirm_payout, fail_payout
from ninefold.systems.payments.store import settlement, statements

LINES_AT_ONCE: Final = 500
DAYS_AROUND: Final = timedelta(days=5)
"""How far the day of a line can be from the one that was expected, to match by amount and date."""
REPORT_DAYS: Final = timedelta(days=10)
"""How long after its day a processor pays."""

_FROM_SUSPENSE: Final = 10_000
_TO_SUSPENSE: Final = 30_000
"""The first legs of what a line posts later, and of what it posts while nothing is known about it."""
_CANDIDATES_MAX: Final = 10


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """What a line is, and the accounts that its money leaves or reaches, with their amounts."""

    rule: MatchRule
    moves: Sequence[tuple[AccountKey, int]] = ()
    payout_id: UUID | None = None
    bank_file_id: UUID | None = None
    settlement_report_id: UUID | None = None


class Mismatch(msgspec.Struct, frozen=True, kw_only=True):
    """Why a line matches nothing."""

    type: BreakType
    expected_amount: int | None = None
    payout_id: UUID | None = None
    settlement_report_id: UUID | None = None


async def match_lines(database: Database, *, organisation_id: UUID, at: datetime) -> int:
    """Match all lines of an organisation that aren't matched; return how many were.

    Each transaction matches some of them, so that what was done isn't done again after a crash.
    """
    matched, after, count = 0, None, LINES_AT_ONCE
    while count == LINES_AT_ONCE:
        async with database.transaction() as connection:
            lines = await statements.statement_line_lock_open(
                connection, organisation_id=organisation_id, after=after, limit=LINES_AT_ONCE
            )
            for line in lines:
                matched += await match_line(connection, line, at=at)
        count = len(lines)
        after = lines[-1].statement_line_id if lines else after
    return matched


async def match_line(connection: Connection, line: StatementLine, *, at: datetime) -> bool:
    """Match a line that isn't matched, and post what it says; return whether it was. Call it in a transaction."""
    found = await _FINDERS[line.kind](connection, line, at)
    if isinstance(found, Mismatch):
        await _put_in_suspense(connection, line, found, at=at)
        return False
    await post(connection, transfers_of_line(line, found), at=at)
    matched = msgspec.structs.replace(
        line,
        state="noted" if line.kind == "change" else "matched",
        match_rule=found.rule,
        payout_id=found.payout_id,
        bank_file_id=found.bank_file_id,
        settlement_report_id=found.settlement_report_id,
        matched_at=at,
    )
    await statements.statement_line_update(connection, matched)
    await close_breaks_of_line(connection, line, at=at)
    return True


async def _find_return(connection: Connection, line: StatementLine, at: datetime) -> Match | Mismatch:
    payout = await _find_payout(connection, line)
    if payout is None:
        return Mismatch(type="unknown")
    if line.amount not in (payout.amount, payout.paid_amount):
        return Mismatch(type="amount", expected_amount=payout.amount, payout_id=payout.payout_id)
    if payout.state not in ("in_transit", "paid", "failed"):
        return Mismatch(type="timing", expected_amount=payout.amount, payout_id=payout.payout_id)
    code = line.reason or "unknown"
    message = RETURN_REASONS.get(code, "The bank hasn't said why.")
    await fail_payout(connection, payout, code=code, message=message, at=at)
    return Match(rule="reference", payout_id=payout.payout_id)


async def _find_change(connection: Connection, line: StatementLine, _: datetime) -> Match | Mismatch:
    payout = await _find_payout(connection, line)
    return Mismatch(type="unknown") if payout is None else Match(rule="reference", payout_id=payout.payout_id)


async def _find_entry(connection: Connection, line: StatementLine, at: datetime) -> Match | Mismatch:
    payout = await _find_payout(connection, line)
    if payout is not None:
        return await (_find_paid if line.amount < 0 else _find_returned)(connection, line, payout, at, "reference")
    files = await settlement.bank_file_list_named(
        connection, organisation_id=line.organisation_id, references=line.references
    )
    if files:
        return await _find_file(connection, line, files[0], at)
    report = await _find_report(connection, line)
    if report is not None:
        return report
    candidates = await _find_candidates(connection, line)
    if len(candidates) == 1:
        return await _find_paid(connection, line, candidates[0], at, "amount_and_date")
    return Mismatch(type="unknown")


_FINDERS: Final = {"entry": _find_entry, "return": _find_return, "change": _find_change}


async def _find_payout(connection: Connection, line: StatementLine) -> Payout | None:
    """Return the payout that a line refers to: what we call it counts before the trace number, which comes again."""
    if not line.references:
        return None
    found = await settlement.payout_list_referenced(
        connection, organisation_id=line.organisation_id, references=line.references, limit=_CANDIDATES_MAX
    )
    named = [payout for payout in found if payout.reference in line.references]
    return next(iter(named or found), None)


async def _find_paid(
    connection: Connection, line: StatementLine, payout: Payout, at: datetime, rule: MatchRule
) -> Match | Mismatch:
    """Return what a line is that pays out a payout."""
    off = _compare(line, expected=-payout.amount, currency=payout.currency)
    if off is not None:
        return Mismatch(type=off, expected_amount=-payout.amount, payout_id=payout.payout_id)
    if await statements.statement_line_has_entry(connection, payout_id=payout.payout_id):
        return Mismatch(type="duplicate", payout_id=payout.payout_id)
    if payout.state == "pending":
        return Mismatch(type="timing", expected_amount=-payout.amount, payout_id=payout.payout_id)
    account = await confirm_payout(connection, payout, at=at)
    return Match(rule=rule, payout_id=payout.payout_id, moves=[(account, payout.amount)])


async def _find_returned(
    connection: Connection, line: StatementLine, payout: Payout, at: datetime, rule: MatchRule
) -> Match | Mismatch:
    """Return what a line is with which the money of a payout comes back."""
    # What comes back is what the bank has paid.
    expected = payout.paid_amount or payout.amount
    off = _compare(line, expected=expected, currency=payout.currency)
    if off is not None or payout.state == "pending":
        return Mismatch(type=off or "timing", expected_amount=expected, payout_id=payout.payout_id)
    code = line.reason or "returned"
    message = RETURN_REASONS.get(code, "The bank hasn't said why.")
    await fail_payout(connection, payout, code=code, message=message, at=at)
    return Match(rule=rule, payout_id=payout.payout_id, moves=[(_shared(line, "suspense"), expected)])


async def _find_file(connection: Connection, line: StatementLine, file: BankFile, at: datetime) -> Match | Mismatch:
    """Return what a line is that pays out all payouts of a file at once."""
    payouts = await settlement.payout_list_of_bank_file(connection, bank_file_id=file.bank_file_id)
    # A person can match a line that is off with the payout, if it is just one.
    only_payout_id = payouts[0].payout_id if len(payouts) == 1 else None

    def mismatch(type_: BreakType) -> Mismatch:
        return Mismatch(type=type_, expected_amount=-file.total, payout_id=only_payout_id)

    off = _compare(line, expected=-file.total, currency=file.currency)
    if off is not None:
        return mismatch(off)
    if any([await statements.statement_line_has_entry(connection, payout_id=each.payout_id) for each in payouts]):
        return mismatch("duplicate")
    if any(payout.state in ("pending", "paid") for payout in payouts):
        is_early = any(payout.state == "pending" for payout in payouts)
        return mismatch("timing" if is_early else "duplicate")
    moves = [(await confirm_payout(connection, payout, at=at), payout.amount) for payout in payouts]
    return Match(rule="reference", bank_file_id=file.bank_file_id, moves=moves)


async def _find_report(connection: Connection, line: StatementLine) -> Match | Mismatch | None:
    """Return what a line is with which a processor pays a report, by reference or by amount and date."""
    totals = await statements.settlement_report_list_totals(
        connection,
        organisation_id=line.organisation_id,
        earliest=line.booked_on - REPORT_DAYS,
        latest=line.booked_on,
    )
    references = {reference.lower() for reference in line.references}
    named = [total for total in totals if _names_of(total) & references]
    same = [total for total in named if total.currency == line.currency]
    if named and not same:
        return Mismatch(
            type="currency",
            expected_amount=named[0].amount,
            settlement_report_id=named[0].settlement_report_id,
        )
    if same:
        return _pay_report(line, same[0], "reference")
    fitting = [
        total
        for total in totals
        if total.currency == line.currency and total.amount == line.amount and total.bank_amount is None
    ]
    if len(fitting) == 1 and await _is_only_one(connection, line):
        return _pay_report(line, fitting[0], "amount_and_date")
    return None


def _pay_report(line: StatementLine, total: ReportTotal, rule: MatchRule) -> Match | Mismatch:
    if total.bank_amount is not None:
        return Mismatch(type="duplicate", settlement_report_id=total.settlement_report_id)
    if total.amount != line.amount:
        return Mismatch(type="amount", expected_amount=total.amount, settlement_report_id=total.settlement_report_id)
    return Match(
        rule=rule,
        settlement_report_id=total.settlement_report_id,
        moves=[(_shared(line, "processor_receivable"), abs(line.amount))],
    )


def _names_of(total: ReportTotal) -> set[str]:
    return {
        report_reference(total.processor, total.day),
        format_id(SETTLEMENT_REPORT_PREFIX, total.settlement_report_id),
    }


async def _find_candidates(connection: Connection, line: StatementLine) -> list[Payout]:
    """Return the payouts that a line could pay by its amount and date; none if there are several such lines."""
    if line.amount >= 0 or not await _is_only_one(connection, line):
        return []
    return await settlement.payout_list_candidates(
        connection,
        organisation_id=line.organisation_id,
        currency=line.currency,
        amount=-line.amount,
        earliest=line.booked_on - DAYS_AROUND,
        latest=line.booked_on + DAYS_AROUND,
        limit=_CANDIDATES_MAX,
    )


async def _is_only_one(connection: Connection, line: StatementLine) -> bool:
    count = await statements.statement_line_list_same_amount(
        connection,
        organisation_id=line.organisation_id,
        currency=line.currency,
        amount=line.amount,
        earliest=line.booked_on - DAYS_AROUND,
        latest=line.booked_on + DAYS_AROUND,
    )
    return count == 1


async def _put_in_suspense(connection: Connection, line: StatementLine, mismatch: Mismatch, *, at: datetime) -> None:
    """Post the money of a line to suspense, and open a break. A return moves no money itself, and stays as it is."""
    if line.kind == "change":
        return
    if line.kind == "entry" and line.state == "unmatched":
        if line.amount:
            transfer = _transfer(line, _shared(line, "suspense"), abs(line.amount), leg=_TO_SUSPENSE)
            await post(connection, [transfer], at=at)
        suspended = msgspec.structs.replace(line, state="suspense", matched_at=at)
        await statements.statement_line_update(connection, suspended)
    new = NewBreak(
        day=line.booked_on,
        type=mismatch.type,
        source="bank",
        subject=f"line:{line.statement_line_id}",
        reference=next(iter(line.references), None) or line.bank_reference or line.fingerprint,
        currency=line.currency,
        expected_amount=mismatch.expected_amount,
        found_amount=line.amount,
        payout_id=mismatch.payout_id,
        statement_line_id=line.statement_line_id,
        settlement_report_id=mismatch.settlement_report_id,
    )
    await open_break(connection, new, organisation_id=line.organisation_id, at=at)


def _compare(line: StatementLine, *, expected: int, currency: str) -> BreakType | None:
    if line.currency != currency:
        return "currency"
    return None if line.amount == expected else "amount"


def transfers_of_line(line: StatementLine, found: Match) -> list[Transfer]:
    """Return what a matched line posts; what is in suspense already doesn't move there again."""
    first = _FROM_SUSPENSE if line.state == "suspense" else 0
    return [
        _transfer(line, account, amount, leg=first + position)
        for position, (account, amount) in enumerate(found.moves)
        if line.state != "suspense" or account.kind != "suspense"
    ]


def _transfer(line: StatementLine, account: AccountKey, amount: int, *, leg: int) -> Transfer:
    """Return a transfer between an account and the bank; or suspense, if the line's money is there."""
    is_later = _FROM_SUSPENSE <= leg < _TO_SUSPENSE
    other = _shared(line, "suspense" if is_later else "bank")
    debit, credit = (account, other) if line.amount < 0 else (other, account)
    return new_transfer(Cause("bank_line", line.statement_line_id), leg=leg, debit=debit, credit=credit, amount=amount)


def _shared(line: StatementLine, kind: AccountKind) -> AccountKey:
    return AccountKey(line.organisation_id, None, kind, line.currency)
