"""The HTTP routes for the queue, runners, and what was used."""

from datetime import timedelta
from typing import Annotated, Final
from uuid import UUID

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, QueryParameter

from ninefold.core.clock import Clock
from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.model import Principal
from ninefold.core.tenancy.roles import ADMIN
from ninefold.core.web.access import access
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.problems import problem_responses
from ninefold.systems.workflows.model.fleet import REGISTRATION_PREFIX
from ninefold.systems.workflows.routes.fleet_wire import (
    QueuedJobView,
    RegistrationView,
    RunnerId,
    RunnerView,
    ShareView,
    UsageView,
    show_queued,
    show_runner,
    show_usage,
)
from ninefold.systems.workflows.routes.wire import TAGS
from ninefold.systems.workflows.service.fleet import runners as service
from ninefold.systems.workflows.service.fleet.explaining import explain_queue
from ninefold.systems.workflows.service.fleet.tokens import REGISTRATION_LIFETIME, new_registration
from ninefold.systems.workflows.settings import WorkflowsSettings
from ninefold.systems.workflows.store import queue_entries
from ninefold.systems.workflows.store import runners as store
from ninefold.systems.workflows.store.queue_entries import QueuePlace

_QUEUE: Final = "/api/v1/workflows/queue"
_RUNNERS: Final = "/api/v1/workflows/runners"
_RUNNER: Final = f"{_RUNNERS}/{{runner_id:str}}"
_REGISTRATIONS: Final = "/api/v1/workflows/registrations"
_USAGE: Final = "/api/v1/workflows/usage"
_SHARE: Final = "/api/v1/workflows/share"

USAGE_DAYS_MAX: Final = 90

_queue_list = PagedList("workflows_queue", QueuePlace)
_runner_list = PagedList("workflows_runners", UUID)

Days = Annotated[int, QueryParameter(ge=1, le=USAGE_DAYS_MAX, description="How many days, with today.")]


@get(_QUEUE, tags=TAGS)
async def list_queued_jobs(
    *,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    workflows_settings: NamedDependency[WorkflowsSettings],
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[QueuedJobView]:
    """List queued jobs.

    In the order in which they start, each with what it waits for.
    """
    query = _queue_list.query(cursor, limit)
    async with database.snapshot() as connection:
        found = await explain_queue(
            connection,
            organisation_id=principal.organisation_id,
            jobs_max=workflows_settings.jobs_max,
            after=query.position,
            limit=query.rows_max,
            now=clock.now(),
        )
    return query.page(found, position_of=lambda each: each.place, show=show_queued)


@get(_RUNNERS, tags=TAGS)
async def list_runners(
    *,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[RunnerView]:
    """List runners.

    Those of the organisation and those of the installation, which run jobs of all organisations. Oldest first.
    """
    query = _runner_list.query(cursor, limit)
    async with database.snapshot() as connection:
        found = await service.list_runners(
            connection, organisation_id=principal.organisation_id, after=query.position, limit=query.rows_max
        )
    return query.page(
        found,
        position_of=lambda each: each[0].runner_id,
        show=lambda each: show_runner(*each, now=clock.now()),
    )


@post(f"{_RUNNER}/drain", tags=TAGS, status_code=200, responses=problem_responses(404))
async def drain_runner(
    runner_id: FromPath[RunnerId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> RunnerView:
    """Drain a runner.

    It ends the jobs that it has, gets no further ones, and stops.
    """
    async with database.transaction() as connection:
        runner = await service.get_own_runner(connection, runner_id, organisation_id=principal.organisation_id)
        drained = await service.drain_runner(connection, runner)
        jobs = await store.runner_count_jobs(connection, runner_ids=[runner.runner_id])
    return show_runner(drained, jobs.get(runner.runner_id, 0), now=clock.now())


@delete(_RUNNER, tags=TAGS, responses=problem_responses(404, 409))
async def remove_runner(
    runner_id: FromPath[RunnerId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> None:
    """Remove a runner.

    Its token is refused from then on. A runner that has a job can't be removed.
    """
    async with database.transaction() as connection:
        runner = await service.get_own_runner(connection, runner_id, organisation_id=principal.organisation_id)
        await service.remove_runner(connection, runner)


@post(_REGISTRATIONS, tags=TAGS, status_code=201, opt=access(scope=ADMIN))
async def create_runner_registration(
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    audit: NamedDependency[AuditEntry],
) -> RegistrationView:
    """Create a registration token.

    With it, runners of the organisation register for an hour: `ninefold runner --url … --token …`. They run only jobs
    of the organisation.
    """
    registration_id = new_id()
    audit.target_id = format_id(REGISTRATION_PREFIX, registration_id)
    async with database.transaction() as connection:
        token = await new_registration(
            connection, organisation_id=principal.organisation_id, registration_id=registration_id
        )
    return RegistrationView(token=token, expires_at=clock.now() + REGISTRATION_LIFETIME)


@get(_USAGE, tags=TAGS)
async def list_workflow_usage(
    *,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    days: Days = 30,
) -> UsageView:
    """List what jobs used.

    For each day, with how long they were queued.
    """
    today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    async with database.snapshot() as connection:
        found = await queue_entries.queue_entry_list_usage(
            connection, organisation_id=principal.organisation_id, since=today - timedelta(days=days - 1)
        )
    return UsageView(items=[show_usage(each) for each in found])


@get(_SHARE, tags=TAGS)
async def get_share(
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    workflows_settings: NamedDependency[WorkflowsSettings],
) -> ShareView:
    """Show the organisation's share of the runners.

    The operator of the installation sets it.
    """
    async with database.snapshot() as connection:
        share = await store.share_find(connection, organisation_id=principal.organisation_id)
    default = workflows_settings.jobs_max
    if share is None:
        return ShareView(weight=1, jobs_max=default)
    return ShareView(weight=share.weight, jobs_max=default if share.jobs_max is None else share.jobs_max)


FLEET_ROUTES: Final[list[HTTPRouteHandler]] = [
    list_queued_jobs,
    list_runners,
    drain_runner,
    remove_runner,
    create_runner_registration,
    list_workflow_usage,
    get_share,
]
