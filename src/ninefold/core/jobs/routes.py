"""The HTTP routes with which an organisation sees and controls its own jobs."""

from collections.abc import Sequence
from typing import Annotated, Final
from uuid import UUID

from litestar import Router, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.types import ControllerRouterHandler

from ninefold.core.ids import format_id
from ninefold.core.jobs import service
from ninefold.core.jobs.model import JOBS_CHANNEL, JobState
from ninefold.core.jobs.wire import JOBS_PATH, JobId, JobView, show_job
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.system import NoSettings, ServerContext
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.model import ACCOUNT_PREFIX, Principal
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.problems import problem_responses

_JOB: Final = f"{JOBS_PATH}/{{job_id:str}}"
_TAGS: Final = ["jobs"]

_job_list = PagedList("jobs", UUID)


def job_routes(context: ServerContext[NoSettings]) -> Sequence[ControllerRouterHandler]:
    """Return the routes."""

    def provide_notifier() -> Notifier:
        return context.notifier

    return [
        Router(
            path="/",
            route_handlers=[list_jobs, get_job, pause_job, resume_job, cancel_job, retry_job],
            dependencies={"notifier": Provide(provide_notifier, sync_to_thread=False)},
        )
    ]


@get(JOBS_PATH, tags=_TAGS)
async def list_jobs(
    *,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    in_state: Annotated[JobState | None, QueryParameter(name="state", description="Only jobs in this state.")] = None,
    kind: Annotated[str | None, QueryParameter(description="Only jobs of this kind.")] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[JobView]:
    """List jobs.

    Newest first. Finished jobs are deleted after some days.
    """
    query = _job_list.query(cursor, limit)
    async with database.connection() as connection:
        found = await service.list_jobs(
            connection,
            state=in_state,
            kind=kind,
            organisation_id=principal.organisation_id,
            before=query.position,
            limit=query.rows_max,
        )
    return query.page(found, position_of=lambda job: job.job_id, show=show_job)


@get(_JOB, tags=_TAGS)
async def get_job(
    job_id: FromPath[JobId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> JobView:
    """Show a job, with its progress."""
    async with database.connection() as connection:
        job = await service.get_job(connection, job_id, organisation_id=principal.organisation_id)
    return show_job(job)


@post(f"{_JOB}/pause", tags=_TAGS, status_code=200, responses=problem_responses(409))
async def pause_job(
    job_id: FromPath[JobId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> JobView:
    """Pause a job.

    A running job stops within seconds; until then, `pause_requested_at` is set. A paused job is `waiting`.
    """
    async with database.transaction() as connection:
        job = await service.pause_job(
            connection, job_id, paused_by=_actor(principal), organisation_id=principal.organisation_id
        )
    return show_job(job)


@post(f"{_JOB}/resume", tags=_TAGS, status_code=200, responses=problem_responses(409))
async def resume_job(
    job_id: FromPath[JobId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> JobView:
    """Resume a paused job.

    It continues where it stopped.
    """
    async with database.transaction() as connection:
        job = await service.resume_job(connection, job_id, organisation_id=principal.organisation_id)
    notifier.notify(JOBS_CHANNEL)
    return show_job(job)


@post(f"{_JOB}/cancel", tags=_TAGS, status_code=200, responses=problem_responses(409))
async def cancel_job(
    job_id: FromPath[JobId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> JobView:
    """Cancel a job.

    A running job stops within seconds; until then, `cancel_requested_at` is set. What it has done isn't undone.
    """
    async with database.transaction() as connection:
        job = await service.cancel_job(
            connection, job_id, canceled_by=_actor(principal), organisation_id=principal.organisation_id
        )
    # Another job may have waited for its key.
    notifier.notify(JOBS_CHANNEL)
    return show_job(job)


@post(f"{_JOB}/retry", tags=_TAGS, status_code=200, responses=problem_responses(409))
async def retry_job(
    job_id: FromPath[JobId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> JobView:
    """Retry a job that failed or was canceled.

    It continues where it stopped. A job that is `retrying` begins its next attempt at once.
    """
    async with database.transaction() as connection:
        job = await service.retry_job(connection, job_id, organisation_id=principal.organisation_id)
    notifier.notify(JOBS_CHANNEL)
    return show_job(job)


def _actor(principal: Principal) -> str:
    if principal.account_id is not None:
        return f"account {format_id(ACCOUNT_PREFIX, principal.account_id)}"
    return f"API key {format_id(API_KEY.id_prefix, principal.credential_id)}"
