"""The HTTP routes for reconciliation: days and breaks."""

from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, QueryParameter

from ninefold.core.clock import Clock
from ninefold.core.jobs import JOBS_CHANNEL
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.openapi.responses import bytes_response
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.problems import problem_responses
from ninefold.systems.payments.model.reconciliation import BreakState, BreakType
from ninefold.systems.payments.routes.reconciliation_wire import (
    BreakId,
    BreakView,
    ClosedDayView,
    DayDetailsView,
    DayView,
    ItemView,
    MatchBreak,
    ResolveBreak,
    show_break,
    show_closed_day,
    show_day,
    show_item,
    show_run,
)
from ninefold.systems.payments.routes.wire import JOB_LOCATION, TAGS, StartedJobView, actor_of, started
from ninefold.systems.payments.service import breaks, closing_days, matching_by_hand, reconciling
from ninefold.systems.payments.service.settlement_changes import settlement_channel
from ninefold.systems.payments.service.settlement_jobs import enqueue_reconciliation

_ROOT: Final = "/api/v1/payments"
_DAYS: Final = f"{_ROOT}/reconciliation/days"
_DAY: Final = f"{_DAYS}/{{day:date}}"
_BREAKS: Final = f"{_ROOT}/reconciliation/breaks"
_BREAK: Final = f"{_BREAKS}/{{break_id:str}}"

_days = PagedList("payments_days", date)
_items = PagedList("payments_items", int)
_breaks = PagedList("payments_breaks", UUID)


@get(_DAYS, tags=TAGS)
async def list_reconciliation_days(
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[DayView]:
    """List days (UTC).

    Newest first: those with a settlement report, a comparison or a closing.
    """
    query = _days.query(cursor, limit)
    async with database.snapshot() as connection:
        found = await reconciling.list_days(
            connection, organisation_id=principal.organisation_id, before=query.position, limit=query.rows_max
        )
    return query.page(found, position_of=lambda each: each.day, show=show_day)


@get(_DAY, tags=TAGS, responses=problem_responses(404))
async def get_day(
    day: FromPath[date], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> DayDetailsView:
    """Show a day (UTC).

    What the ledger, the processors' reports and the bank's statements say about it, as of now.
    """
    organisation_id = principal.organisation_id
    async with database.snapshot() as connection:
        await reconciling.require_known_day(connection, organisation_id=organisation_id, day=day)
        summary = await reconciling.summarise_day(connection, organisation_id=organisation_id, day=day)
        run = await reconciling.find_last_run(connection, organisation_id=organisation_id, day=day)
        closed = await closing_days.find_closed_day(connection, organisation_id=organisation_id, day=day)
    return DayDetailsView(
        day=day,
        summary=summary,
        last_run=None if run is None else show_run(run),
        closed_at=None if closed is None else closed.closed_at,
        closed_by=None if closed is None else closed.closed_by,
        report_sha256=None if closed is None else closed.sha256.hex(),
        live_channel=settlement_channel(organisation_id),
    )


@get(f"{_DAY}/items", tags=TAGS, responses=problem_responses(404))
async def list_reconciliation_items(
    *,
    day: FromPath[date],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    only_breaks: FromQuery[bool] = False,
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[ItemView]:
    """List the captures and refunds of a day.

    As the ledger and the processors' reports have them. What doesn't agree comes first.
    """
    query = _items.query(cursor, limit)
    offset = query.position or 0
    async with database.snapshot() as connection:
        await reconciling.require_known_day(connection, organisation_id=principal.organisation_id, day=day)
        found = await reconciling.list_items(
            connection,
            organisation_id=principal.organisation_id,
            day=day,
            only_breaks=only_breaks,
            offset=offset,
            limit=query.rows_max,
        )
    positions = {id(item): offset + position for position, item in enumerate(found, start=1)}
    return query.page(found, position_of=lambda each: positions[id(each)], show=show_item)


@post(
    f"{_DAY}/runs",
    tags=TAGS,
    status_code=202,
    responses=problem_responses(404, 409),
    response_headers=[JOB_LOCATION],
)
async def reconcile_day(
    *,
    day: FromPath[date],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    notifier: NamedDependency[Notifier],
    audit: NamedDependency[AuditEntry],
) -> Response[StartedJobView]:
    """Reconcile a day (UTC).

    A job reads the processors' reports, matches the lines of the bank's files, compares, and opens and closes breaks.
    """
    async with database.transaction() as connection:
        await reconciling.require_known_day(connection, organisation_id=principal.organisation_id, day=day)
        job = await enqueue_reconciliation(
            connection, organisation_id=principal.organisation_id, day=day, at=clock.now()
        )
        audit.target_id = day.isoformat()
    notifier.notify(JOBS_CHANNEL)
    return started(job, day=day)


@post(f"{_DAY}/close", tags=TAGS, status_code=200, responses=problem_responses(404, 409))
async def close_day(
    *,
    day: FromPath[date],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    audit: NamedDependency[AuditEntry],
) -> ClosedDayView:
    """Close a day (UTC).

    Nothing of it, or of the days before, changes afterwards: the database refuses transfers and matches that are dated
    in them. A day with open breaks can't be closed.
    """
    async with database.transaction() as connection:
        await reconciling.require_known_day(connection, organisation_id=principal.organisation_id, day=day)
        closed = await closing_days.close_day(
            connection,
            organisation_id=principal.organisation_id,
            day=day,
            closed_by=actor_of(principal),
            at=clock.now(),
        )
        audit.target_id = day.isoformat()
    return show_closed_day(closed)


@get(
    f"{_DAY}/report",
    tags=TAGS,
    responses=bytes_response("application/json", description="The report.") | problem_responses(404),
)
async def get_day_report(
    day: FromPath[date], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> Response[Any]:
    """Download the report of a closed day.

    With the hashes of its journal, batches, files and statements, and of the report before.
    """
    async with database.snapshot() as connection:
        await reconciling.require_known_day(connection, organisation_id=principal.organisation_id, day=day)
        closed = await closing_days.get_closed_day(connection, organisation_id=principal.organisation_id, day=day)
    headers = {"content-disposition": f'attachment; filename="day-{day.isoformat()}.json"'}
    return Response(closed.report, media_type="application/json", headers=headers)


@get(_BREAKS, tags=TAGS)
async def list_breaks(
    *,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    break_state: Annotated[BreakState | None, QueryParameter(name="state")] = None,
    break_type: Annotated[BreakType | None, QueryParameter(name="type")] = None,
    day: FromQuery[date | None] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[BreakView]:
    """List breaks.

    Newest first: what doesn't agree, with what to do.
    """
    query = _breaks.query(cursor, limit)
    async with database.snapshot() as connection:
        found = await breaks.list_breaks(
            connection,
            organisation_id=principal.organisation_id,
            state=break_state,
            break_type=break_type,
            day=day,
            before=query.position,
            limit=query.rows_max,
        )
    return query.page(found, position_of=lambda each: each.break_id, show=show_break)


@get(_BREAK, tags=TAGS)
async def get_break(
    break_id: FromPath[BreakId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> BreakView:
    """Show a break."""
    async with database.snapshot() as connection:
        found = await breaks.get_break(connection, organisation_id=principal.organisation_id, break_id=break_id)
    return show_break(found)


@post(f"{_BREAK}/resolve", tags=TAGS, status_code=200, responses=problem_responses(404, 409, 422))
async def resolve_break(
    *,
    break_id: FromPath[BreakId],
    data: FromBody[ResolveBreak],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> BreakView:
    """Resolve a break.

    With evidence, and with a correction if money has to be moved; the correction names the break as its cause.
    """
    async with database.transaction() as connection:
        resolved = await breaks.resolve_break(
            connection,
            organisation_id=principal.organisation_id,
            break_id=break_id,
            evidence=data.evidence,
            correction=data.read_correction(),
            resolved_by=actor_of(principal),
            at=clock.now(),
        )
    return show_break(resolved)


@post(f"{_BREAK}/match", tags=TAGS, status_code=200, responses=problem_responses(404, 409, 422))
async def match_break(
    *,
    break_id: FromPath[BreakId],
    data: FromBody[MatchBreak],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> BreakView:
    """Match a break with a payout.

    The bank's line pays out the payout, although with another amount, or without its reference. The payout is paid with
    the amount that the bank has, the break is resolved, and the difference is posted with the break as its cause.
    """
    async with database.transaction() as connection:
        resolved = await matching_by_hand.match_break(
            connection,
            organisation_id=principal.organisation_id,
            break_id=break_id,
            payout_id=data.read_payout_id(),
            difference_account=data.difference_account,
            evidence=data.evidence,
            matched_by=actor_of(principal),
            at=clock.now(),
        )
    return show_break(resolved)


RECONCILIATION_ROUTES: Final[list[HTTPRouteHandler]] = [
    list_reconciliation_days,
    get_day,
    list_reconciliation_items,
    reconcile_day,
    close_day,
    get_day_report,
    list_breaks,
    get_break,
    resolve_break,
    match_break,
]
