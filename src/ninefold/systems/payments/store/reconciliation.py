"""Queries for comparisons, breaks and closed days."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.reconciliation import (
    Break,
    BreakState,
    BreakType,
    ClosedDay,
    ComparedCount,
    ComparedItem,
    DayDocument,
    JournalDigest,
    KnownDay,
    LedgerTotal,
    NewBreak,
    ReconciliationRun,
)
from ninefold.systems.payments.model.settlement import Payout
from ninefold.systems.payments.store.queries import json_text, queries, read_row, read_row_or_none


async def break_close(connection: Connection, *, break_ids: Collection[UUID], at: datetime) -> None:
    """Close breaks that a comparison doesn't find any more."""
    await queries.break_close(connection, break_ids=list(break_ids), at=at)


async def break_count_open(connection: Connection, *, organisation_id: UUID, day: date) -> int:
    """Return how many breaks of an organisation are open up to a day."""
    count: int = await queries.break_count_open(connection, organisation_id=organisation_id, day=day)
    return count


async def break_find(connection: Connection, *, organisation_id: UUID, break_id: UUID) -> Break | None:
    """Read one break of an organisation."""
    return read_row_or_none(
        Break, await queries.break_find(connection, organisation_id=organisation_id, break_id=break_id)
    )


async def break_insert(
    connection: Connection, new: NewBreak, *, break_id: UUID, organisation_id: UUID, opened_at: datetime
) -> Break | None:
    """Insert a break, or open it again; return None when the same one is open already, or a person has resolved it."""
    row = await queries.break_insert(
        connection,
        break_id=break_id,
        organisation_id=organisation_id,
        opened_at=opened_at,
        **msgspec.structs.asdict(new),
    )
    return read_row_or_none(Break, row)


async def break_list(
    connection: Connection,
    *,
    organisation_id: UUID,
    state: BreakState | None,
    break_type: BreakType | None,
    day: date | None,
    before: UUID | None,
    limit: int,
) -> list[Break]:
    """Read breaks of an organisation, newest first."""
    rows = queries.break_list(
        connection,
        organisation_id=organisation_id,
        state=state,
        type=break_type,
        day=day,
        before=before,
        limit=limit,
    )
    return [read_row(Break, row) async for row in rows]


async def break_list_open_of_day(connection: Connection, *, organisation_id: UUID, day: date) -> list[Break]:
    """Read the open breaks of a day."""
    rows = queries.break_list_open_of_day(connection, organisation_id=organisation_id, day=day)
    return [read_row(Break, row) async for row in rows]


async def break_list_open_of_line(
    connection: Connection, *, organisation_id: UUID, statement_line_id: UUID
) -> list[Break]:
    """Read the open breaks about a line of a statement."""
    rows = queries.break_list_open_of_line(
        connection, organisation_id=organisation_id, statement_line_id=statement_line_id
    )
    return [read_row(Break, row) async for row in rows]


async def break_lock(connection: Connection, *, organisation_id: UUID, break_id: UUID) -> Break | None:
    """Read one break of an organisation, and keep others from changing it."""
    return read_row_or_none(
        Break, await queries.break_lock(connection, organisation_id=organisation_id, break_id=break_id)
    )


async def break_update_resolved(
    connection: Connection, *, break_id: UUID, at: datetime, ended_by: str, evidence: str, correction_id: UUID | None
) -> Break | None:
    """Write why a person says that a break is none; return None if it isn't open."""
    row = await queries.break_update_resolved(
        connection, break_id=break_id, at=at, ended_by=ended_by, evidence=evidence, correction_id=correction_id
    )
    return read_row_or_none(Break, row)


async def closed_day_digest_journal(
    connection: Connection, *, organisation_id: UUID, starts_at: datetime, ends_at: datetime
) -> JournalDigest:
    """Return how many transfers a day has, their last position, and the SHA-256 of all of them."""
    row = await queries.closed_day_digest_journal(
        connection, organisation_id=organisation_id, starts_at=starts_at, ends_at=ends_at
    )
    return read_row(JournalDigest, row)


async def closed_day_find(connection: Connection, *, organisation_id: UUID, day: date) -> ClosedDay | None:
    """Read a closed day."""
    return read_row_or_none(
        ClosedDay, await queries.closed_day_find(connection, organisation_id=organisation_id, day=day)
    )


async def closed_day_find_last(connection: Connection, *, organisation_id: UUID) -> ClosedDay | None:
    """Read the last closed day of an organisation."""
    return read_row_or_none(ClosedDay, await queries.closed_day_find_last(connection, organisation_id=organisation_id))


async def closed_day_insert(connection: Connection, closed: ClosedDay, *, ends_at: datetime) -> None:
    """Close a day."""
    await queries.closed_day_insert(connection, **msgspec.structs.asdict(closed), ends_at=ends_at)


async def closed_day_list_documents(
    connection: Connection, *, organisation_id: UUID, day: date, starts_at: datetime, ends_at: datetime
) -> list[DayDocument]:
    """Read what belongs to a day, with the hash of each: batches, bank files, statements, settlement reports."""
    rows = queries.closed_day_list_documents(
        connection, organisation_id=organisation_id, day=day, starts_at=starts_at, ends_at=ends_at
    )
    return [read_row(DayDocument, row) async for row in rows]


async def closed_day_stop_postings(connection: Connection) -> None:
    """Wait for all transactions that post, and keep others from posting until the end of the transaction."""
    await queries.closed_day_stop_postings(connection)


async def reconciliation_compare(
    connection: Connection, *, organisation_id: UUID, day: date, only_breaks: bool, offset: int, limit: int
) -> list[ComparedItem]:
    """Compare the ledger with the reports of a day: what doesn't agree, or all; what doesn't agree comes first."""
    rows = queries.reconciliation_compare(
        connection, organisation_id=organisation_id, day=day, only_breaks=only_breaks, offset=offset, limit=limit
    )
    return [read_row(ComparedItem, row) async for row in rows]


async def reconciliation_count(connection: Connection, *, organisation_id: UUID, day: date) -> list[ComparedCount]:
    """Count what agrees and what doesn't, by currency."""
    rows = queries.reconciliation_count(connection, organisation_id=organisation_id, day=day)
    return [read_row(ComparedCount, row) async for row in rows]


async def reconciliation_list_days(
    connection: Connection, *, organisation_id: UUID, before: date | None, limit: int
) -> list[KnownDay]:
    """Read the days of which there is something, newest first."""
    rows = queries.reconciliation_list_days(connection, organisation_id=organisation_id, before=before, limit=limit)
    return [read_row(KnownDay, row) async for row in rows]


async def reconciliation_list_overdue_payouts(
    connection: Connection, *, organisation_id: UUID, day: date, limit: int
) -> list[Payout]:
    """Read the payouts that should be on the bank's statement up to a day, and aren't."""
    rows = queries.reconciliation_list_overdue_payouts(
        connection, organisation_id=organisation_id, day=day, limit=limit
    )
    return [read_row(Payout, row) async for row in rows]


async def reconciliation_lock(connection: Connection, *, organisation_id: UUID) -> None:
    """Keep others from reconciling an organisation, and from closing its days, until the end of the transaction."""
    await queries.reconciliation_lock(connection, organisation_id=organisation_id)


async def reconciliation_read_first_day(connection: Connection, *, organisation_id: UUID) -> date | None:
    """Return the day on which an organisation got its first merchant."""
    day: date | None = await queries.reconciliation_read_first_day(connection, organisation_id=organisation_id)
    return day


async def reconciliation_run_find_last(
    connection: Connection, *, organisation_id: UUID, day: date
) -> ReconciliationRun | None:
    """Read the last run of a day."""
    row = await queries.reconciliation_run_find_last(connection, organisation_id=organisation_id, day=day)
    return read_row_or_none(ReconciliationRun, row)


async def reconciliation_run_insert(
    connection: Connection,
    *,
    run_id: UUID,
    organisation_id: UUID,
    day: date,
    started_at: datetime,
    finished_at: datetime,
    summary: Mapping[str, Any],
) -> ReconciliationRun:
    """Insert a run."""
    row = await queries.reconciliation_run_insert(
        connection,
        run_id=run_id,
        organisation_id=organisation_id,
        day=day,
        started_at=started_at,
        finished_at=finished_at,
        summary=json_text(summary),
    )
    return read_row(ReconciliationRun, row)


async def reconciliation_sum_ledger(
    connection: Connection, *, organisation_id: UUID, starts_at: datetime, ends_at: datetime
) -> list[LedgerTotal]:
    """Add up the captures and refunds of a day, by currency."""
    rows = queries.reconciliation_sum_ledger(
        connection, organisation_id=organisation_id, starts_at=starts_at, ends_at=ends_at
    )
    return [read_row(LedgerTotal, row) async for row in rows]
