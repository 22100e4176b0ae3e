"""The HTTP routes for runs and their jobs."""

from typing import Annotated, Final
from uuid import UUID

import msgspec
from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, QueryParameter

from ninefold.core.clock import Clock
from ninefold.core.errors import InvalidInputError
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.ids import parse_body_id
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.problems import problem_responses
from ninefold.systems.workflows.model.priorities import priority_number
from ninefold.systems.workflows.model.repositories import BRANCHES
from ninefold.systems.workflows.model.runs import ATTEMPTS_MAX, JOB_PREFIX, RunStatus
from ninefold.systems.workflows.routes.run_wire import (
    AnnotationsView,
    JobId,
    RerunRun,
    RunEventsView,
    RunId,
    RunJobView,
    RunView,
    StepSummariesView,
    UpdateRun,
    show_annotation,
    show_event,
    show_job,
    show_run,
    show_summary,
)
from ninefold.systems.workflows.routes.wire import TAGS, RepositoryId
from ninefold.systems.workflows.service.actors import actor_of
from ninefold.systems.workflows.service.channels import notify_changed
from ninefold.systems.workflows.service.runs import reading
from ninefold.systems.workflows.service.runs.priorities import set_priority
from ninefold.systems.workflows.service.runs.reruns import JobsToRerun, rerun
from ninefold.systems.workflows.service.runs.transitions import cancel_run as cancel
from ninefold.systems.workflows.store import run_jobs
from ninefold.systems.workflows.store import runs as store

RUNS_PATH: Final = "/api/v1/workflows/runs"
RUN_PATH: Final = f"{RUNS_PATH}/{{run_id:str}}"
_JOB: Final = "/api/v1/workflows/jobs/{job_id:str}"
EVENTS_MAX: Final = 1_000

_run_list = PagedList("workflows_runs", UUID)
_job_list = PagedList("workflows_jobs", UUID)

After = Annotated[int, QueryParameter(ge=0, le=2**53, description="Only what follows this entry; 0 for all.")]
EventLimit = Annotated[int, QueryParameter(ge=1, le=EVENTS_MAX, description="How many at most.")]
AttemptNumber = Annotated[
    int, msgspec.Meta(ge=1, le=ATTEMPTS_MAX, description="Of this attempt; by default, the last one.")
]
FileName = Annotated[str, msgspec.Meta(description="Only of this workflow file.")]
Branch = Annotated[str, msgspec.Meta(description="Only of this branch.")]
EventName = Annotated[str, msgspec.Meta(description="Only of this event, such as push.")]


@get(RUNS_PATH, tags=TAGS)
async def list_runs(
    *,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    repository_id: FromQuery[RepositoryId | None] = None,
    workflow: FromQuery[FileName | None] = None,
    status: FromQuery[RunStatus | None] = None,
    branch: FromQuery[Branch | None] = None,
    event: FromQuery[EventName | None] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[RunView]:
    """List runs.

    Latest first, each as its last attempt is.
    """
    query = _run_list.query(cursor, limit)
    async with database.snapshot() as connection:
        runs = await store.run_list(
            connection,
            organisation_id=principal.organisation_id,
            repository_id=repository_id,
            workflow_file=workflow,
            status=status,
            ref=None if branch is None else f"{BRANCHES}{branch}",
            event=event,
            before=query.position,
            limit=query.rows_max,
        )
        shown = await reading.show_runs(connection, runs)
    return query.page(shown, position_of=lambda each: each.run.run_id, show=show_run)


@get(RUN_PATH, tags=TAGS, responses=problem_responses(404))
async def get_run(
    *,
    run_id: FromPath[RunId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    attempt: FromQuery[AttemptNumber | None] = None,
) -> RunView:
    """Show a run.

    As its last attempt is, or an earlier one.
    """
    async with database.snapshot() as connection:
        run = await reading.get_run(connection, organisation_id=principal.organisation_id, run_id=run_id)
        return show_run(await reading.show_run(connection, run, attempt=attempt))


@get(f"{RUN_PATH}/jobs", tags=TAGS, responses=problem_responses(404))
async def list_run_jobs(
    *,
    run_id: FromPath[RunId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    attempt: FromQuery[AttemptNumber | None] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[RunJobView]:
    """List the jobs of a run.

    In the order in which they became known.
    """
    query = _job_list.query(cursor, limit)
    async with database.snapshot() as connection:
        run = await reading.get_run(connection, organisation_id=principal.organisation_id, run_id=run_id)
        shown = await reading.get_attempt(connection, run, attempt)
        jobs = await run_jobs.job_list(
            connection, run_id=run_id, attempt=shown.attempt, after=query.position, limit=query.rows_max
        )
        found = await reading.show_jobs(connection, jobs)
    return query.page(found, position_of=lambda each: each.job.job_id, show=show_job)


@get(_JOB, tags=TAGS, responses=problem_responses(404))
async def get_run_job(
    job_id: FromPath[JobId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> RunJobView:
    """Show a job of a run.

    With its steps, as far as it has come.
    """
    async with database.snapshot() as connection:
        job = await reading.get_job(connection, organisation_id=principal.organisation_id, job_id=job_id)
        (shown,) = await reading.show_jobs(connection, [job])
    return show_job(shown)


@get(f"{RUN_PATH}/events", tags=TAGS, responses=problem_responses(404))
async def list_run_events(
    *,
    run_id: FromPath[RunId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    after: After = 0,
    limit: EventLimit = EVENTS_MAX,
) -> RunEventsView:
    """Show the log of a run.

    Oldest first; the feed `workflows.run:{run_id}` has the same entries.
    """
    async with database.snapshot() as connection:
        run = await reading.get_run(connection, organisation_id=principal.organisation_id, run_id=run_id)
        found = await store.run_event_list(connection, cursors=[(run.run_id, after)], limit=limit)
    events = found.get(run.run_id, ())
    return RunEventsView(items=[show_event(event) for event in events], last_sequence=run.last_sequence)


@get(f"{RUN_PATH}/annotations", tags=TAGS, responses=problem_responses(404))
async def list_run_annotations(
    *,
    run_id: FromPath[RunId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    attempt: FromQuery[AttemptNumber | None] = None,
) -> AnnotationsView:
    """Show the annotations of a run.

    What is wrong in its workflow file, and what its steps have said.
    """
    async with database.snapshot() as connection:
        run = await reading.get_run(connection, organisation_id=principal.organisation_id, run_id=run_id)
        shown = await reading.get_attempt(connection, run, attempt)
        found = await reading.list_annotations(connection, run, attempt=shown.attempt)
    return AnnotationsView(items=[show_annotation(each) for each in found])


@get(f"{RUN_PATH}/summaries", tags=TAGS, responses=problem_responses(404))
async def list_run_summaries(
    *,
    run_id: FromPath[RunId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    attempt: FromQuery[AttemptNumber | None] = None,
) -> StepSummariesView:
    """Show the summaries of a run.

    What its steps have written into `GITHUB_STEP_SUMMARY`, as Markdown.
    """
    async with database.snapshot() as connection:
        run = await reading.get_run(connection, organisation_id=principal.organisation_id, run_id=run_id)
        shown = await reading.get_attempt(connection, run, attempt)
        found = await run_jobs.step_summary_list(
            connection, run_id=run_id, attempt=shown.attempt, limit=reading.SUMMARIES_MAX
        )
    return StepSummariesView(items=[show_summary(each) for each in found])


@patch(RUN_PATH, tags=TAGS, responses=problem_responses(404, 409))
async def update_run(
    *,
    run_id: FromPath[RunId],
    data: FromBody[UpdateRun],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    clock: NamedDependency[Clock],
) -> RunView:
    """Change the priority of a run.

    Of its jobs that no runner has yet. It counts among the jobs of your organisation only.
    """
    async with database.transaction() as connection:
        await reading.get_run(connection, organisation_id=principal.organisation_id, run_id=run_id)
        by = await actor_of(connection, principal)
        changed = await set_priority(connection, run_id, priority=data.priority, by=by, at=clock.now())
        view = await _shown(connection, principal, run_id)
    notify_changed(notifier, changed)
    return view


@post(f"{RUN_PATH}/cancel", tags=TAGS, status_code=200, responses=problem_responses(404, 409))
async def cancel_run(
    *,
    run_id: FromPath[RunId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    clock: NamedDependency[Clock],
) -> RunView:
    """Cancel a run.

    Jobs that no runner has end at once. Those that run are asked to stop, and jobs with `always()` still run.
    """
    async with database.transaction() as connection:
        await reading.get_run(connection, organisation_id=principal.organisation_id, run_id=run_id)
        changed = await cancel(connection, run_id, by=await actor_of(connection, principal), at=clock.now())
        view = await _shown(connection, principal, run_id)
    notify_changed(notifier, changed)
    return view


@post(f"{RUN_PATH}/rerun", tags=TAGS, status_code=200, responses=problem_responses(404, 409))
async def rerun_run(
    *,
    run_id: FromPath[RunId],
    data: FromBody[RerunRun],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    clock: NamedDependency[Clock],
) -> RunView:
    """Run a run again.

    As a new attempt, with the same commit and workflow file. Jobs that aren't run again keep their outcomes.
    """
    async with database.transaction() as connection:
        await reading.get_run(connection, organisation_id=principal.organisation_id, run_id=run_id)
        changed = await rerun(
            connection,
            run_id,
            jobs=_jobs(data),
            by=await actor_of(connection, principal),
            is_debug=data.is_debug,
            priority=priority_number(data.priority),
            at=clock.now(),
        )
        view = await _shown(connection, principal, run_id)
    notify_changed(notifier, changed)
    return view


def _jobs(data: RerunRun) -> JobsToRerun:
    if isinstance(data.jobs, str):
        return data.jobs
    if not data.jobs:
        raise InvalidInputError("No job is chosen.", field="jobs", remedy="Name jobs, or `all`, or `failed`.")
    return [parse_body_id(JOB_PREFIX, text, field="jobs") for text in data.jobs]


async def _shown(connection: Connection, principal: Principal, run_id: UUID) -> RunView:
    run = await reading.get_run(connection, organisation_id=principal.organisation_id, run_id=run_id)
    return show_run(await reading.show_run(connection, run))


RUN_ROUTES: Final[tuple[HTTPRouteHandler, ...]] = (
    list_runs,
    get_run,
    list_run_jobs,
    get_run_job,
    list_run_events,
    list_run_annotations,
    list_run_summaries,
    update_run,
    cancel_run,
    rerun_run,
)
