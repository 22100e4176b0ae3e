"""Reconciliation of a day (UTC): the ledger with the processors' reports, and both with the bank's statements."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.clock import Clock
from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.systems.payments.model.money import CurrencyText
from ninefold.systems.payments.model.payments import CHARGE_PREFIX, REFUND_PREFIX
from ninefold.systems.payments.model.reconciliation import (
    BreakType,
    ComparedCount,
    ComparedItem,
    KnownDay,
    NewBreak,
    ReconciliationRun,
    ReportTotal,
)
from ninefold.systems.payments.reconciliation_errors import DayClosedError, DayNotBegunError, DayNotFoundError
from ninefold.systems.payments.rules.banking_days import next_banking_day
from ninefold.systems.payments.rules.statement_lines import report_reference
from ninefold.systems.payments.service.breaks import close_breaks, open_break
from ninefold.systems.payments.service.flow import PaymentFlow
from ninefold.systems.payments.service.matching import match_lines
from ninefold.systems.payments.service.report_evidence import end_doubts
from ninefold.systems.payments.service.reports import fetch_reports
from ninefold.systems.payments.service.settlement_changes import announce
from ninefold.systems.payments.store import reconciliation as store
from ninefold.systems.payments.store import statements

BREAKS_MAX: Final = 10_000
"""Breaks that one comparison opens; what is beyond that shows in the next one."""


class DayTotal(msgspec.Struct, frozen=True, kw_only=True):
    """What three sides say about a day in a currency: captures less refunds, in minor units."""

    currency: CurrencyText
    ledger_count: int = 0
    ledger_amount: int = 0
    report_count: int = 0
    report_amount: int | None = None
    """None without a report."""
    bank_count: int = 0
    bank_amount: int | None = None
    """None if the bank has paid none of the reports yet."""


class DaySummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a comparison has found."""

    totals: list[DayTotal]
    counts: list[ComparedCount]
    open_breaks: int


class DayItem(msgspec.Struct, frozen=True, kw_only=True):
    """A capture or a refund as three sides have it."""

    item: ComparedItem
    bank_amount: int | None
    """That of the report's line, if the bank has paid all lines of the report; banks pay reports, not lines."""


async def reconcile_day(
    database: Database, flow: PaymentFlow, *, organisation_id: UUID, day: date, clock: Clock
) -> ReconciliationRun:
    """Read the reports of a day, end the doubts that they resolve, match what is open, and compare.

    Raises:
        DayClosedError: the day was closed.
        ProcessorUnavailableError: a processor's report can't be read now.
        ProcessorNotInstalledError: a processor isn't set up on this server.
    """
    started_at = clock.now()
    async with database.connection() as connection:
        await require_open_day(connection, organisation_id=organisation_id, day=day)
    await fetch_reports(database, flow.processors, organisation_id=organisation_id, day=day, at=started_at)
    await end_doubts(database, flow, organisation_id=organisation_id, day=day)
    await match_lines(database, organisation_id=organisation_id, at=clock.now())
    async with database.transaction() as connection:
        return await compare_day(
            connection, organisation_id=organisation_id, day=day, started_at=started_at, at=clock.now()
        )


async def compare_day(
    connection: Connection, *, organisation_id: UUID, day: date, started_at: datetime, at: datetime
) -> ReconciliationRun:
    """Compare what is known about a day, and open and close its breaks; call it in a transaction.

    Raises:
        DayClosedError: the day was closed.
    """
    await store.reconciliation_lock(connection, organisation_id=organisation_id)
    await require_open_day(connection, organisation_id=organisation_id, day=day)
    found = await store.reconciliation_compare(
        connection, organisation_id=organisation_id, day=day, only_breaks=True, offset=0, limit=BREAKS_MAX
    )
    pairs = pair_by_amount_and_date(found)
    for missing, unknown in pairs:
        await _record_pair(connection, missing, unknown)
    paired = {id(item) for pair in pairs for item in pair}
    news = [_break_of_item(item, day) for item in found if id(item) not in paired]
    news += await _overdue(connection, organisation_id, day)
    news += await _paid_otherwise(connection, organisation_id, day)
    known = {new.subject for new in news}
    for new in news:
        await open_break(connection, new, organisation_id=organisation_id, at=at)
    gone = [
        each
        for each in await store.break_list_open_of_day(connection, organisation_id=organisation_id, day=day)
        if each.subject not in known and each.statement_line_id is None
    ]
    await close_breaks(connection, gone, at=at)
    summary = await summarise_day(connection, organisation_id=organisation_id, day=day)
    run = await store.reconciliation_run_insert(
        connection,
        run_id=new_id(),
        organisation_id=organisation_id,
        day=day,
        started_at=started_at,
        finished_at=at,
        summary=msgspec.to_builtins(summary),
    )
    await announce(connection, run)
    return run


def pair_by_amount_and_date(found: Iterable[ComparedItem]) -> list[tuple[ComparedItem, ComparedItem]]:
    """Return what is missing in the report with what is unknown there, where both have the same amount only once."""
    groups: dict[tuple[str, str, int], dict[str, list[ComparedItem]]] = defaultdict(lambda: defaultdict(list))
    for item in found:
        if item.verdict == "missing" and item.ledger_amount is not None:
            groups[item.type, item.currency, item.ledger_amount]["missing"].append(item)
        elif item.verdict == "unknown" and item.report_amount is not None:
            groups[item.type, item.currency, item.report_amount]["unknown"].append(item)
    return [
        (group["missing"][0], group["unknown"][0])
        for group in groups.values()
        if len(group["missing"]) == len(group["unknown"]) == 1
    ]


async def summarise_day(connection: Connection, *, organisation_id: UUID, day: date) -> DaySummary:
    """Return what three sides say about a day."""
    starts_at = start_of(day)
    ledger = await store.reconciliation_sum_ledger(
        connection, organisation_id=organisation_id, starts_at=starts_at, ends_at=start_of(day + timedelta(days=1))
    )
    reports = await statements.settlement_report_list_totals(
        connection, organisation_id=organisation_id, earliest=day, latest=day
    )
    totals = {
        total.currency: DayTotal(currency=total.currency, ledger_count=total.item_count, ledger_amount=total.amount)
        for total in ledger
    }
    for report in reports:
        total = totals.get(report.currency, DayTotal(currency=report.currency))
        totals[report.currency] = _with_report(total, report)
    open_breaks = await store.break_list_open_of_day(connection, organisation_id=organisation_id, day=day)
    return DaySummary(
        totals=[totals[code] for code in sorted(totals)],
        counts=await store.reconciliation_count(connection, organisation_id=organisation_id, day=day),
        open_breaks=len(open_breaks),
    )


async def list_items(
    connection: Connection, *, organisation_id: UUID, day: date, only_breaks: bool, offset: int, limit: int
) -> list[DayItem]:
    """Return the captures and refunds of a day as all sides have them; what doesn't agree comes first."""
    found = await store.reconciliation_compare(
        connection, organisation_id=organisation_id, day=day, only_breaks=only_breaks, offset=offset, limit=limit
    )
    days = [item.report_day for item in found if item.report_day is not None]
    if not days:
        return [DayItem(item=item, bank_amount=None) for item in found]
    totals = await statements.settlement_report_list_totals(
        connection, organisation_id=organisation_id, earliest=min(days), latest=max(days)
    )
    paid = {(total.settlement_report_id, total.currency) for total in totals if total.bank_amount == total.amount}
    return [
        DayItem(
            item=item,
            bank_amount=item.report_amount if (item.settlement_report_id, item.report_currency) in paid else None,
        )
        for item in found
    ]


async def list_days(
    connection: Connection, *, organisation_id: UUID, before: date | None, limit: int
) -> list[KnownDay]:
    """Return the days of which there is something, newest first."""
    return await store.reconciliation_list_days(connection, organisation_id=organisation_id, before=before, limit=limit)


async def find_last_run(connection: Connection, *, organisation_id: UUID, day: date) -> ReconciliationRun | None:
    """Return the last comparison of a day."""
    return await store.reconciliation_run_find_last(connection, organisation_id=organisation_id, day=day)


async def require_known_day(connection: Connection, *, organisation_id: UUID, day: date) -> None:
    """Check that an organisation had a merchant on a day.

    Raises:
        DayNotFoundError: it had none yet.
    """
    first = await store.reconciliation_read_first_day(connection, organisation_id=organisation_id)
    if first is None or day < first:
        raise DayNotFoundError(f"There was no merchant on {day} yet.", field="day", remedy="Choose a later day.")


def require_begun_day(day: date, *, at: datetime) -> None:
    """Check that a day has begun.

    Raises:
        DayNotBegunError: it begins later.
    """
    today = at.astimezone(UTC).date()
    if day > today:
        raise DayNotBegunError(
            f"{day} hasn't begun: it is {today} (UTC).", field="day", remedy=f"Reconcile {today}, or a day before it."
        )


async def require_open_day(connection: Connection, *, organisation_id: UUID, day: date) -> None:
    """Check that a day isn't closed.

    Raises:
        DayClosedError: the day was closed, or a later one.
    """
    last = await store.closed_day_find_last(connection, organisation_id=organisation_id)
    if last is not None and last.day >= day:
        since = "" if last.day == day else f", with {last.day}"
        raise DayClosedError(
            f"{day} is closed{since}.", field="day", remedy=f"Read the report of the closing of {last.day}."
        )


def start_of(day: date) -> datetime:
    """Return when a day begins in UTC."""
    return datetime.combine(day, time(), UTC)


def _with_report(total: DayTotal, report: ReportTotal) -> DayTotal:
    is_paid = report.bank_amount is not None
    return msgspec.structs.replace(
        total,
        report_count=total.report_count + report.line_count,
        report_amount=(total.report_amount or 0) + report.amount,
        bank_count=total.bank_count + is_paid,
        bank_amount=(total.bank_amount or 0) + (report.bank_amount or 0) if is_paid else total.bank_amount,
    )


async def _record_pair(connection: Connection, missing: ComparedItem, unknown: ComparedItem) -> None:
    source_id = missing.charge_id or missing.refund_id
    assert source_id is not None, "what is missing is in the ledger"
    assert unknown.settlement_report_id is not None, "what is unknown is in a report"
    assert unknown.number is not None, "what is unknown is in a report"
    await statements.settlement_report_line_update_match(
        connection, settlement_report_id=unknown.settlement_report_id, number=unknown.number, source_id=source_id
    )


def _break_of_item(item: ComparedItem, day: date) -> NewBreak:
    if item.number is not None:
        subject = f"report:{item.settlement_report_id}:{item.number}"
    else:
        subject = f"ledger:{item.type}:{item.charge_id or item.refund_id}"
    return NewBreak(
        day=day,
        type=msgspec.convert(item.verdict, BreakType),
        source="report",
        subject=subject,
        reference=_reference_of(item),
        currency=item.currency,
        expected_amount=None if item.verdict == "duplicate" else item.ledger_amount,
        found_amount=item.report_amount,
        charge_id=item.charge_id,
        refund_id=item.refund_id,
        settlement_report_id=item.settlement_report_id,
    )


def _reference_of(item: ComparedItem) -> str:
    if item.charge_id is not None:
        return format_id(CHARGE_PREFIX, item.charge_id)
    if item.refund_id is not None:
        return format_id(REFUND_PREFIX, item.refund_id)
    return item.our_reference or "none"


async def _overdue(connection: Connection, organisation_id: UUID, day: date) -> Sequence[NewBreak]:
    """Return what the bank should have shown by now: payouts that arrive up to the day, and what processors pay."""
    shown = await statements.statement_line_read_last_day(connection, organisation_id=organisation_id)
    if shown is None:
        return []
    payouts = await store.reconciliation_list_overdue_payouts(
        connection, organisation_id=organisation_id, day=min(day, shown), limit=BREAKS_MAX
    )
    late = [
        NewBreak(
            day=day,
            type="missing",
            source="bank",
            subject=f"payout:{payout.payout_id}",
            reference=payout.reference,
            currency=payout.currency,
            expected_amount=-payout.amount,
            found_amount=None,
            payout_id=payout.payout_id,
        )
        for payout in payouts
    ]
    if shown <= next_banking_day(day):
        return late
    reports = await statements.settlement_report_list_totals(
        connection, organisation_id=organisation_id, earliest=day, latest=day
    )
    return late + [
        _settlement_break(report, day, break_type="missing")
        for report in reports
        if report.bank_amount is None and report.amount
    ]


async def _paid_otherwise(connection: Connection, organisation_id: UUID, day: date) -> list[NewBreak]:
    """Return the reports that come to another amount now than the bank's line that pays them."""
    reports = await statements.settlement_report_list_totals(
        connection, organisation_id=organisation_id, earliest=day, latest=day
    )
    return [
        _settlement_break(report, day, break_type="amount")
        for report in reports
        if report.bank_amount not in (None, report.amount)
    ]


def _settlement_break(report: ReportTotal, day: date, *, break_type: BreakType) -> NewBreak:
    return NewBreak(
        day=day,
        type=break_type,
        source="bank",
        subject=f"settlement:{report.settlement_report_id}:{report.currency}",
        reference=report_reference(report.processor, report.day),
        currency=report.currency,
        expected_amount=report.amount,
        found_amount=report.bank_amount,
        settlement_report_id=report.settlement_report_id,
    )
