"""Settlement reports: what processors settle for a day, read from them."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import InvalidIdError, format_id, new_id, parse_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.systems.payments.model.outcomes import SettlementLine
from ninefold.systems.payments.model.payments import ATTEMPT_PREFIX
from ninefold.systems.payments.model.reconciliation import SETTLEMENT_REPORT_PREFIX, ReportLine, SettlementReport
from ninefold.systems.payments.processors.opening import Processors
from ninefold.systems.payments.reconciliation_errors import SettlementReportNotFoundError
from ninefold.systems.payments.store import statements as store

REPORT_LINES_MAX: Final = 2_000_000


async def fetch_reports(
    database: Database, processors: Processors, *, organisation_id: UUID, day: date, at: datetime
) -> list[SettlementReport]:
    """Read what all processors of an organisation settle for a day, and store it.

    Raises:
        ProcessorUnavailableError: one can't be read now.
        ProcessorNotInstalledError: one isn't set up on this server.
    """
    async with database.connection() as connection:
        names = await store.settlement_report_list_processors(connection, organisation_id=organisation_id)
    reports = []
    for name in names:
        lines = await processors.get(name).settlement_report(day)
        async with database.transaction() as connection:
            reports.append(
                await store_report(connection, lines, organisation_id=organisation_id, processor=name, day=day, at=at)
            )
    return reports


async def store_report(
    connection: Connection,
    lines: Sequence[SettlementLine],
    *,
    organisation_id: UUID,
    processor: str,
    day: date,
    at: datetime,
) -> SettlementReport:
    """Store a processor's report, in place of what it has said about the day before; call it in a transaction.

    Lines about calls of other organisations are left out: processors know accounts of their own, not our organisations.
    If nothing has changed, the report is only known to be newer.
    """
    known = await store.settlement_report_list_of_day(connection, organisation_id=organisation_id, day=day)
    digest = hashlib.sha256(msgspec.json.encode(lines)).digest()
    is_same = any(report.processor == processor and report.sha256 == digest for report in known)
    report = await store.settlement_report_upsert(
        connection,
        SettlementReport(
            settlement_report_id=new_id(),
            organisation_id=organisation_id,
            processor=processor,
            day=day,
            line_count=len(lines),
            sha256=digest,
            fetched_at=at,
        ),
    )
    if is_same:
        return report
    await store.settlement_report_line_delete(connection, settlement_report_id=report.settlement_report_id)
    await store.settlement_report_line_insert(
        connection,
        report,
        columns={
            "numbers": list(range(1, len(lines) + 1)),
            "our_references": [line.our_reference for line in lines],
            "attempt_ids": [_attempt_id(line.our_reference) for line in lines],
            "processor_references": [line.processor_reference for line in lines],
            "types": [line.type for line in lines],
            "amounts": [-line.amount if line.type == "refund" else line.amount for line in lines],
            "currencies": [line.currency for line in lines],
            "times": [line.at for line in lines],
        },
    )
    await store.settlement_report_line_count_occurrences(connection, settlement_report_id=report.settlement_report_id)
    return report


async def get_report(connection: Connection, *, organisation_id: UUID, settlement_report_id: UUID) -> SettlementReport:
    """Return a settlement report.

    Raises:
        SettlementReportNotFoundError: the organisation has no such report.
    """
    report = await store.settlement_report_find(
        connection, organisation_id=organisation_id, settlement_report_id=settlement_report_id
    )
    if report is None:
        raise SettlementReportNotFoundError(
            f"There is no settlement report {format_id(SETTLEMENT_REPORT_PREFIX, settlement_report_id)}.",
            remedy="List the settlement reports.",
        )
    return report


async def list_reports(
    connection: Connection, *, organisation_id: UUID, before: UUID | None, limit: int
) -> list[SettlementReport]:
    """Return settlement reports of an organisation, newest first."""
    return await store.settlement_report_list(connection, organisation_id=organisation_id, before=before, limit=limit)


async def list_report_lines(
    connection: Connection, report: SettlementReport, *, after: int | None, limit: int
) -> list[ReportLine]:
    """Return the lines of a report, in its order."""
    return await store.settlement_report_line_list(
        connection, settlement_report_id=report.settlement_report_id, after=after, limit=limit
    )


def _attempt_id(our_reference: str) -> UUID | None:
    with suppress(InvalidIdError):
        return parse_id(ATTEMPT_PREFIX, our_reference)
    return None
