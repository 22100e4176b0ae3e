"""Queries for what banks and processors say: statements and settlement reports."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.payments import Attempt, CaptureMethod
from ninefold.systems.payments.model.reconciliation import (
    ReportLine,
    ReportTotal,
    SettlementReport,
    Statement,
    StatementLine,
)
from ninefold.systems.payments.store.queries import queries, read_row, read_row_or_none


class LineInDoubt(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a report with the call that it names, whose outcome is in doubt."""

    line: ReportLine
    attempt: Attempt
    capture_method: CaptureMethod
    """That of the payment."""


async def settlement_report_find(
    connection: Connection, *, organisation_id: UUID, settlement_report_id: UUID
) -> SettlementReport | None:
    """Read one settlement report of an organisation."""
    row = await queries.settlement_report_find(
        connection, organisation_id=organisation_id, settlement_report_id=settlement_report_id
    )
    return read_row_or_none(SettlementReport, row)


async def settlement_report_list(
    connection: Connection, *, organisation_id: UUID, before: UUID | None, limit: int
) -> list[SettlementReport]:
    """Read settlement reports of an organisation, newest first."""
    rows = queries.settlement_report_list(connection, organisation_id=organisation_id, before=before, limit=limit)
    return [read_row(SettlementReport, row) async for row in rows]


async def settlement_report_list_of_day(
    connection: Connection, *, organisation_id: UUID, day: date
) -> list[SettlementReport]:
    """Read the settlement reports of a day."""
    rows = queries.settlement_report_list_of_day(connection, organisation_id=organisation_id, day=day)
    return [read_row(SettlementReport, row) async for row in rows]


async def settlement_report_list_processors(connection: Connection, *, organisation_id: UUID) -> list[str]:
    """Read the processors of an organisation's merchants."""
    rows = queries.settlement_report_list_processors(connection, organisation_id=organisation_id)
    return [row["processor"] async for row in rows]


async def settlement_report_list_totals(
    connection: Connection, *, organisation_id: UUID, earliest: date, latest: date
) -> list[ReportTotal]:
    """Read what the reports of some days come to, by currency, and how much of it is on the bank's statement."""
    rows = queries.settlement_report_list_totals(
        connection, organisation_id=organisation_id, earliest=earliest, latest=latest
    )
    return [read_row(ReportTotal, row) async for row in rows]


async def settlement_report_upsert(connection: Connection, report: SettlementReport) -> SettlementReport:
    """Insert a report, or what a processor says about the same day now; return it with its id."""
    row = await queries.settlement_report_upsert(connection, **msgspec.structs.asdict(report))
    return read_row(SettlementReport, row)


async def settlement_report_line_count_occurrences(connection: Connection, *, settlement_report_id: UUID) -> None:
    """Number the lines that name the same call, over all reports that have one of a report's calls."""
    await queries.settlement_report_line_count_occurrences(connection, settlement_report_id=settlement_report_id)


async def settlement_report_line_delete(connection: Connection, *, settlement_report_id: UUID) -> None:
    """Delete the lines of a report that is read again."""
    await queries.settlement_report_line_delete(connection, settlement_report_id=settlement_report_id)


async def settlement_report_line_insert(
    connection: Connection, report: SettlementReport, *, columns: Mapping[str, Sequence[Any]]
) -> None:
    """Insert the lines of a report; those about calls of other organisations are left out."""
    await queries.settlement_report_line_insert(
        connection,
        settlement_report_id=report.settlement_report_id,
        organisation_id=report.organisation_id,
        **columns,
    )


async def settlement_report_line_list(
    connection: Connection, *, settlement_report_id: UUID, after: int | None, limit: int
) -> list[ReportLine]:
    """Read the lines of a report, in its order."""
    rows = queries.settlement_report_line_list(
        connection, settlement_report_id=settlement_report_id, after=after, limit=limit
    )
    return [read_row(ReportLine, row) async for row in rows]


async def settlement_report_line_list_in_doubt(
    connection: Connection, *, organisation_id: UUID, day: date, after: UUID | None, limit: int
) -> list[LineInDoubt]:
    """Read the first lines of a day's reports that name calls whose outcome is in doubt, by call, after a position."""
    rows = queries.settlement_report_line_list_in_doubt(
        connection, organisation_id=organisation_id, day=day, after=after, limit=limit
    )
    return [
        LineInDoubt(
            line=read_row(ReportLine, row["line"]),
            attempt=read_row(Attempt, row["attempt"]),
            capture_method=row["capture_method"],
        )
        async for row in rows
    ]


async def settlement_report_line_update_match(
    connection: Connection, *, settlement_report_id: UUID, number: int, source_id: UUID
) -> None:
    """Write what a line is about that doesn't name it."""
    await queries.settlement_report_line_update_match(
        connection, settlement_report_id=settlement_report_id, number=number, source_id=source_id
    )


async def statement_find(connection: Connection, *, organisation_id: UUID, statement_id: UUID) -> Statement | None:
    """Read one statement of an organisation."""
    row = await queries.statement_find(connection, organisation_id=organisation_id, statement_id=statement_id)
    return read_row_or_none(Statement, row)


async def statement_find_by_digest(connection: Connection, *, organisation_id: UUID, sha256: bytes) -> UUID | None:
    """Read the id of the statement with these bytes."""
    found: UUID | None = await queries.statement_find_by_digest(
        connection, organisation_id=organisation_id, sha256=sha256
    )
    return found


async def statement_insert(connection: Connection, statement: Statement, *, content: bytes) -> None:
    """Insert a statement."""
    await queries.statement_insert(connection, **msgspec.structs.asdict(statement), content=content)


async def statement_list(
    connection: Connection, *, organisation_id: UUID, before: UUID | None, limit: int
) -> list[Statement]:
    """Read statements of an organisation, newest first."""
    rows = queries.statement_list(connection, organisation_id=organisation_id, before=before, limit=limit)
    return [read_row(Statement, row) async for row in rows]


async def statement_line_has_entry(connection: Connection, *, payout_id: UUID) -> bool:
    """Return whether a payout is on a statement as paid out."""
    has_entry: bool = await queries.statement_line_has_entry(connection, payout_id=payout_id)
    return has_entry


async def statement_line_insert(
    connection: Connection, statement: Statement, *, lines: Sequence[Mapping[str, Any]], at: datetime
) -> None:
    """Insert the lines of a statement. Those that another statement has are marked."""
    await queries.statement_line_insert(
        connection,
        organisation_id=statement.organisation_id,
        statement_id=statement.statement_id,
        lines=msgspec.json.encode(lines).decode(),
        at=at,
    )


async def statement_line_list(
    connection: Connection, *, statement_id: UUID, after: int | None, limit: int
) -> list[StatementLine]:
    """Read the lines of a statement, in its order."""
    rows = queries.statement_line_list(connection, statement_id=statement_id, after=after, limit=limit)
    return [read_row(StatementLine, row) async for row in rows]


async def statement_line_list_of_bank_file(
    connection: Connection, *, bank_file_id: UUID, limit: int
) -> list[StatementLine]:
    """Read the lines that a bank file or one of its payouts is on."""
    rows = queries.statement_line_list_of_bank_file(connection, bank_file_id=bank_file_id, limit=limit)
    return [read_row(StatementLine, row) async for row in rows]


async def statement_line_list_of_payout(connection: Connection, *, payout_id: UUID, limit: int) -> list[StatementLine]:
    """Read the lines that a payout is on."""
    rows = queries.statement_line_list_of_payout(connection, payout_id=payout_id, limit=limit)
    return [read_row(StatementLine, row) async for row in rows]


async def statement_line_list_same_amount(
    connection: Connection, *, organisation_id: UUID, currency: str, amount: int, earliest: date, latest: date
) -> int:
    """Return how many lines that nothing is known about have an amount, within some days."""
    count: int = await queries.statement_line_list_same_amount(
        connection,
        organisation_id=organisation_id,
        currency=currency,
        amount=amount,
        earliest=earliest,
        latest=latest,
    )
    return count


async def statement_line_lock(connection: Connection, *, statement_line_id: UUID) -> StatementLine | None:
    """Read a line, and keep others from matching it."""
    row = await queries.statement_line_lock(connection, statement_line_id=statement_line_id)
    return read_row_or_none(StatementLine, row)


async def statement_line_lock_open(
    connection: Connection, *, organisation_id: UUID, after: UUID | None, limit: int
) -> list[StatementLine]:
    """Read the lines that aren't matched, from a position, and keep others from matching them."""
    rows = queries.statement_line_lock_open(connection, organisation_id=organisation_id, after=after, limit=limit)
    return [read_row(StatementLine, row) async for row in rows]


async def statement_line_read_last_day(connection: Connection, *, organisation_id: UUID) -> date | None:
    """Return the last day of which the bank has said something."""
    day: date | None = await queries.statement_line_read_last_day(connection, organisation_id=organisation_id)
    return day


async def statement_line_update(connection: Connection, line: StatementLine) -> None:
    """Write what a line was matched with, or that it is in suspense."""
    await queries.statement_line_update(
        connection,
        statement_line_id=line.statement_line_id,
        state=line.state,
        match_rule=line.match_rule,
        payout_id=line.payout_id,
        bank_file_id=line.bank_file_id,
        settlement_report_id=line.settlement_report_id,
        matched_at=line.matched_at,
    )


async def statement_update_known(connection: Connection, *, statement_id: UUID) -> int:
    """Write how many lines of a statement were imported before, and return that."""
    count: int = await queries.statement_update_known(connection, statement_id=statement_id)
    return count
