"""Closing a day: from then on, the database refuses transfers and matches that are dated in it."""

import hashlib
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.reconciliation import (
    BREAK_PREFIX,
    SETTLEMENT_REPORT_PREFIX,
    STATEMENT_PREFIX,
    Break,
    ClosedDay,
)
from ninefold.systems.payments.model.settlement import BANK_FILE_PREFIX, BATCH_PREFIX
from ninefold.systems.payments.reconciliation_errors import (
    BreaksOpenError,
    DayNotComparedError,
    DayNotFoundError,
    DayNotOverError,
)
from ninefold.systems.payments.service.breaks import list_breaks
from ninefold.systems.payments.service.reconciling import DaySummary, require_open_day, start_of, summarise_day
from ninefold.systems.payments.service.settlement_changes import announce_closed_day
from ninefold.systems.payments.store import reconciliation as store

BREAKS_REPORTED_MAX: Final = 10_000

_PREFIXES: Final = {
    "batch": BATCH_PREFIX,
    "bank_file": BANK_FILE_PREFIX,
    "statement": STATEMENT_PREFIX,
    "settlement_report": SETTLEMENT_REPORT_PREFIX,
}


class ReportedDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What belongs to the day, with its SHA-256."""

    type: str
    id: str
    sha256: str


class ReportedBreak(msgspec.Struct, frozen=True, kw_only=True):
    """A break of the day, and how it has ended."""

    break_id: str
    type: str
    source: str
    reference: str
    currency: str
    expected_amount: int | None
    found_amount: int | None
    state: str
    ended_by: str | None
    evidence: str | None


class DayReport(msgspec.Struct, frozen=True, kw_only=True):
    """The report of a closed day."""

    organisation_id: str
    day: date
    closed_at: datetime
    closed_by: str
    previous_sha256: str | None
    """The hash of the report of the day that was closed before, so that reports form a chain."""
    transfers: int
    last_sequence: int | None
    journal_sha256: str
    """Of all transfers of the day."""
    summary: DaySummary
    documents: list[ReportedDocument]
    breaks: list[ReportedBreak]


async def close_day(
    connection: Connection, *, organisation_id: UUID, day: date, closed_by: str, at: datetime
) -> ClosedDay:
    """Close a day; call it in a transaction. Postings wait until it has ended, and are dated later.

    Raises:
        DayClosedError: it was closed, or a later one.
        DayNotOverError: it isn't over.
        BreaksOpenError: something of it doesn't agree.
        DayNotComparedError: something of it was in no comparison yet.
    """
    starts_at, ends_at = start_of(day), start_of(day + timedelta(days=1))
    if at < ends_at:
        raise DayNotOverError(f"{day} ends at {ends_at.isoformat()}.", field="day", remedy="Close it after that.")
    await store.reconciliation_lock(connection, organisation_id=organisation_id)
    await require_open_day(connection, organisation_id=organisation_id, day=day)
    open_breaks = await store.break_count_open(connection, organisation_id=organisation_id, day=day)
    if open_breaks:
        raise BreaksOpenError(
            f"{open_breaks:,} breaks of {day} and before are open.",
            field="day",
            remedy="Reconcile again, or resolve them with evidence.",
        )
    await store.closed_day_stop_postings(connection)
    summary = await summarise_day(connection, organisation_id=organisation_id, day=day)
    _require_compared(summary, day)
    report = await _make_report(
        connection,
        organisation_id=organisation_id,
        day=day,
        closed_by=closed_by,
        at=at,
        summary=summary,
        starts_at=starts_at,
        ends_at=ends_at,
    )
    content = msgspec.json.format(msgspec.json.encode(report, order="deterministic"), indent=2)
    closed = ClosedDay(
        organisation_id=organisation_id,
        day=day,
        closed_at=at,
        closed_by=closed_by,
        report=content,
        sha256=hashlib.sha256(content).digest(),
    )
    await store.closed_day_insert(connection, closed, ends_at=ends_at)
    await announce_closed_day(connection, organisation_id, day)
    return closed


async def find_closed_day(connection: Connection, *, organisation_id: UUID, day: date) -> ClosedDay | None:
    """Return a closed day with its report; None if it wasn't closed."""
    return await store.closed_day_find(connection, organisation_id=organisation_id, day=day)


async def get_closed_day(connection: Connection, *, organisation_id: UUID, day: date) -> ClosedDay:
    """Return a closed day with its report.

    Raises:
        DayNotFoundError: it wasn't closed.
    """
    closed = await find_closed_day(connection, organisation_id=organisation_id, day=day)
    if closed is None:
        raise DayNotFoundError(f"{day} wasn't closed.", remedy="List the days.")
    return closed


def _require_compared(summary: DaySummary, day: date) -> None:
    count = sum(each.item_count for each in summary.counts if each.verdict == "not_compared")
    if count:
        what = "1 capture or refund" if count == 1 else f"{count:,} captures and refunds"
        raise DayNotComparedError(
            f"{what} of {day} came after the processor's report was read.",
            field="day",
            remedy="Reconcile the day again.",
        )


async def _make_report(
    connection: Connection,
    *,
    organisation_id: UUID,
    day: date,
    closed_by: str,
    at: datetime,
    summary: DaySummary,
    starts_at: datetime,
    ends_at: datetime,
) -> DayReport:
    previous = await store.closed_day_find_last(connection, organisation_id=organisation_id)
    journal = await store.closed_day_digest_journal(
        connection, organisation_id=organisation_id, starts_at=starts_at, ends_at=ends_at
    )
    documents = await store.closed_day_list_documents(
        connection, organisation_id=organisation_id, day=day, starts_at=starts_at, ends_at=ends_at
    )
    breaks = await list_breaks(connection, organisation_id=organisation_id, day=day, limit=BREAKS_REPORTED_MAX)
    return DayReport(
        organisation_id=format_id("org", organisation_id),
        day=day,
        closed_at=at,
        closed_by=closed_by,
        previous_sha256=None if previous is None else previous.sha256.hex(),
        transfers=journal.transfer_count,
        last_sequence=journal.last_sequence,
        journal_sha256=journal.sha256,
        summary=summary,
        documents=[
            ReportedDocument(
                type=document.type, id=format_id(_PREFIXES[document.type], document.id), sha256=document.sha256.hex()
            )
            for document in documents
        ],
        breaks=[_report_break(each) for each in sorted(breaks, key=lambda each: each.break_id)],
    )


def _report_break(each: Break) -> ReportedBreak:
    return ReportedBreak(
        break_id=format_id(BREAK_PREFIX, each.break_id),
        type=each.type,
        source=each.source,
        reference=each.reference,
        currency=each.currency,
        expected_amount=each.expected_amount,
        found_amount=each.found_amount,
        state=each.state,
        ended_by=each.ended_by,
        evidence=each.evidence,
    )
