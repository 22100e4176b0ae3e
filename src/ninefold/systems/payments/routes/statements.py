"""The HTTP routes for what banks and processors say: statements and settlement reports."""

import asyncio
from typing import Annotated, Final
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, QueryParameter

from ninefold.core.clock import Clock
from ninefold.core.ids import format_id
from ninefold.core.jobs import JOBS_CHANNEL
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import JsonRequest
from ninefold.core.web.openapi.requests import binary_body
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.problems import problem_responses
from ninefold.systems.payments.model.reconciliation import STATEMENT_PREFIX
from ninefold.systems.payments.routes.reconciliation_wire import (
    ReportLineView,
    SettlementReportId,
    SettlementReportView,
    StatementId,
    StatementView,
    show_report,
    show_report_line,
    show_statement,
)
from ninefold.systems.payments.routes.settlement_wire import StatementLineView, show_statement_line
from ninefold.systems.payments.routes.wire import TAGS, actor_of
from ninefold.systems.payments.rules.statement_lines import parse_statement
from ninefold.systems.payments.service import reports, statements
from ninefold.systems.payments.service.settlement_jobs import enqueue_matching

_ROOT: Final = "/api/v1/payments"
_STATEMENTS: Final = f"{_ROOT}/statements"
_STATEMENT: Final = f"{_STATEMENTS}/{{statement_id:str}}"
_REPORTS: Final = f"{_ROOT}/settlement-reports"
_REPORT: Final = f"{_REPORTS}/{{settlement_report_id:str}}"

_statements = PagedList("payments_statements", UUID)
_statement_lines = PagedList("payments_statement_lines", int)
_reports = PagedList("payments_settlement_reports", UUID)
_report_lines = PagedList("payments_settlement_report_lines", int)

StatementName = Annotated[
    str, QueryParameter(min_length=1, max_length=200, description="What the file is called at the bank.")
]


@post(
    _STATEMENTS,
    tags=TAGS,
    status_code=201,
    opt=binary_body(),
    request_max_body_size=statements.STATEMENT_BYTES_MAX,
    responses=problem_responses(409, 413, 422),
)
async def import_statement(
    *,
    request: JsonRequest,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    notifier: NamedDependency[Notifier],
    audit: NamedDependency[AuditEntry],
    name: StatementName = "statement",
) -> StatementView:
    """Import a file from a bank.

    The body is a statement in camt.053, or a NACHA file with returns. A job matches its lines with payouts and
    settlement reports.
    """
    content = b"".join([chunk async for chunk in request.stream()])
    parsed = await asyncio.to_thread(parse_statement, content)
    async with database.transaction() as connection:
        statement = await statements.import_statement(
            connection,
            parsed,
            organisation_id=principal.organisation_id,
            name=name,
            content=content,
            imported_by=actor_of(principal),
            at=clock.now(),
        )
        await enqueue_matching(connection, organisation_id=principal.organisation_id)
        audit.target_id = format_id(STATEMENT_PREFIX, statement.statement_id)
    notifier.notify(JOBS_CHANNEL)
    return show_statement(statement)


@get(_STATEMENTS, tags=TAGS)
async def list_statements(
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[StatementView]:
    """List statements.

    Newest first.
    """
    query = _statements.query(cursor, limit)
    async with database.snapshot() as connection:
        found = await statements.list_statements(
            connection, organisation_id=principal.organisation_id, before=query.position, limit=query.rows_max
        )
    return query.page(found, position_of=lambda each: each.statement_id, show=show_statement)


@get(_STATEMENT, tags=TAGS)
async def get_statement(
    statement_id: FromPath[StatementId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> StatementView:
    """Show a statement."""
    async with database.snapshot() as connection:
        statement = await statements.get_statement(
            connection, organisation_id=principal.organisation_id, statement_id=statement_id
        )
    return show_statement(statement)


@get(f"{_STATEMENT}/lines", tags=TAGS)
async def list_statement_lines(
    statement_id: FromPath[StatementId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[StatementLineView]:
    """List the lines of a statement.

    In its order, each with what it was matched with.
    """
    query = _statement_lines.query(cursor, limit)
    async with database.snapshot() as connection:
        statement = await statements.get_statement(
            connection, organisation_id=principal.organisation_id, statement_id=statement_id
        )
        found = await statements.list_lines(connection, statement, after=query.position, limit=query.rows_max)
    return query.page(found, position_of=lambda each: each.number, show=show_statement_line)


@get(_REPORTS, tags=TAGS)
async def list_settlement_reports(
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[SettlementReportView]:
    """List settlement reports.

    Newest first. The reconciliation of a day reads them from the processors.
    """
    query = _reports.query(cursor, limit)
    async with database.snapshot() as connection:
        found = await reports.list_reports(
            connection, organisation_id=principal.organisation_id, before=query.position, limit=query.rows_max
        )
    return query.page(found, position_of=lambda each: each.settlement_report_id, show=show_report)


@get(_REPORT, tags=TAGS)
async def get_settlement_report(
    settlement_report_id: FromPath[SettlementReportId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> SettlementReportView:
    """Show a settlement report."""
    async with database.snapshot() as connection:
        report = await reports.get_report(
            connection, organisation_id=principal.organisation_id, settlement_report_id=settlement_report_id
        )
    return show_report(report)


@get(f"{_REPORT}/lines", tags=TAGS)
async def list_settlement_report_lines(
    settlement_report_id: FromPath[SettlementReportId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[ReportLineView]:
    """List the lines of a settlement report.

    In its order.
    """
    query = _report_lines.query(cursor, limit)
    async with database.snapshot() as connection:
        report = await reports.get_report(
            connection, organisation_id=principal.organisation_id, settlement_report_id=settlement_report_id
        )
        found = await reports.list_report_lines(connection, report, after=query.position, limit=query.rows_max)
    return query.page(found, position_of=lambda each: each.number, show=show_report_line)


STATEMENT_ROUTES: Final[list[HTTPRouteHandler]] = [
    import_statement,
    list_statements,
    get_statement,
    list_statement_lines,
    list_settlement_reports,
    get_settlement_report,
    list_settlement_report_lines,
]
