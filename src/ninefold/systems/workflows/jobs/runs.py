"""What workers do for runs: concurrency groups, schedules, and the deletion of old runs."""

from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from ninefold.core.errors import NinefoldError
from ninefold.core.jobs import JobHandler, JobKind, JobRun, Schedule
from ninefold.core.postgres.database import Connection
from ninefold.core.system import WorkerContext
from ninefold.systems.workflows.model.repositories import BRANCHES
from ninefold.systems.workflows.model.run_sources import TriggerEvent
from ninefold.systems.workflows.service.channels import Changed, notify_changed
from ninefold.systems.workflows.service.hosting.folders import RepositoryFolders
from ninefold.systems.workflows.service.hosting.opening import open_files
from ninefold.systems.workflows.service.repositories import get_repository
from ninefold.systems.workflows.service.runs.background import ADVANCE_GROUP, CANCEL_ENTRY, AdvanceGroup, CancelEntry
from ninefold.systems.workflows.service.runs.schedules import take_tick
from ninefold.systems.workflows.service.runs.transitions import advance_group, cancel_entry
from ninefold.systems.workflows.service.runs.triggers import dispatch_run
from ninefold.systems.workflows.service.secrets import job_variables
from ninefold.systems.workflows.settings import WorkflowsSettings
from ninefold.systems.workflows.store import schedules as store
from ninefold.systems.workflows.store.runs import run_delete_ended
from ninefold.systems.workflows.store.schedules import DueSchedule

BATCH: Final = 50
"""Runs that one transaction deletes, with their jobs and logs."""

TICKS_MAX: Final = 10_000
"""Ticks that one job takes."""

_ACTOR: Final = "schedule"

log = structlog.get_logger(__name__)


class TickSchedules(msgspec.Struct, frozen=True, kw_only=True):
    """Start the workflows whose schedules are due."""


class DeleteRuns(msgspec.Struct, frozen=True, kw_only=True):
    """Delete runs that ended long ago."""


TICK_SCHEDULES: Final = JobKind(name="workflows.tick_schedules", payload=TickSchedules, timeout_s=600.0)
DELETE_RUNS: Final = JobKind(name="workflows.delete_runs", payload=DeleteRuns, timeout_s=3_600.0)


async def run_advance_group(job: JobRun[AdvanceGroup], context: WorkerContext[WorkflowsSettings]) -> None:
    """Let the next run or job be in a concurrency group. A repetition finds the group in use."""
    assert job.organisation_id is not None, "a group belongs to an organisation"
    async with context.database.transaction() as connection:
        changed = await advance_group(
            connection,
            organisation_id=job.organisation_id,
            repository_id=job.payload.repository_id,
            group_name=job.payload.group_name,
            at=context.clock.now(),
        )
    notify_changed(context.notifier, changed)


async def run_cancel_entry(job: JobRun[CancelEntry], context: WorkerContext[WorkflowsSettings]) -> None:
    """Cancel a run or a job because of another one in its group. A repetition finds it cancelled."""
    payload = job.payload
    async with context.database.transaction() as connection:
        changed = await cancel_entry(
            connection,
            run_id=payload.run_id,
            attempt=payload.attempt,
            job_key=payload.job_key,
            why=payload.why,
            at=context.clock.now(),
        )
    notify_changed(context.notifier, changed)


async def run_tick_schedules(job: JobRun[TickSchedules], context: WorkerContext[WorkflowsSettings]) -> int:
    """Start the workflows whose schedules are due, one tick after the other; return how many ticks there were."""
    for ticks in range(TICKS_MAX):
        job.check()
        async with context.database.transaction() as connection:
            schedule = await store.schedule_lock_due(connection, now=context.clock.now())
            if schedule is None:
                return ticks
            changed = await take_due(connection, schedule, settings=context.settings, now=context.clock.now())
        notify_changed(context.notifier, changed)
    return TICKS_MAX


async def take_due(
    connection: Connection, schedule: DueSchedule, *, settings: WorkflowsSettings, now: datetime
) -> Changed:
    """Do what a due schedule does, and write when it is due next, in one transaction."""
    tick = take_tick(schedule, now=now)
    changed, dropped = Changed(), tick.dropped
    if tick.starts:
        try:
            changed = await _start(connection, schedule, settings=settings, now=now)
        except NinefoldError as error:
            # It is due again at its next time. Other schedules must not wait for this one.
            dropped += 1
            log.warning("workflows.schedule.not_started", workflow=schedule.workflow_file, error=str(error))
    else:
        log.warning("workflows.schedule.dropped", workflow=schedule.workflow_file, ticks=dropped)
    await store.schedule_move(
        connection,
        schedule,
        next_at=tick.next_at,
        last_at=schedule.next_at if changed.run_ids else None,
        dropped=dropped,
    )
    return changed


async def _start(
    connection: Connection, schedule: DueSchedule, *, settings: WorkflowsSettings, now: datetime
) -> Changed:
    repository = await get_repository(
        connection, organisation_id=schedule.organisation_id, repository_id=schedule.repository_id
    )
    folders = RepositoryFolders(settings.repositories_folder)
    files = await open_files(connection, folders, repository)
    ref = f"{BRANCHES}{repository.default_branch}"
    sha = await files.resolve(ref)
    if sha is None:
        return Changed()
    event = TriggerEvent(
        name="schedule",
        ref=ref,
        sha=sha,
        actor=_ACTOR,
        payload={"schedule": schedule.cron},
        workflow_file=schedule.workflow_file,
        server_url=settings.server_url,
    )
    # A savepoint: a failure must not undo that the tick was taken.
    async with connection.transaction():
        variables = await job_variables(
            connection, organisation_id=repository.organisation_id, repository_id=repository.repository_id
        )
        return await dispatch_run(connection, repository, event, files, at=now, variables=variables)


async def run_delete_runs(job: JobRun[DeleteRuns], context: WorkerContext[WorkflowsSettings]) -> int:
    """Delete runs that ended longer ago than they are kept, with all they have; return how many."""
    before = context.clock.now() - timedelta(days=context.settings.runs_kept_days)
    total, count = 0, BATCH
    while count == BATCH:
        job.check()
        async with context.database.transaction() as connection:
            count = await run_delete_ended(connection, before=before, limit=BATCH)
        total += count
    return total


RUN_HANDLERS: Final = (
    JobHandler(ADVANCE_GROUP, run_advance_group),
    JobHandler(CANCEL_ENTRY, run_cancel_entry),
    JobHandler(TICK_SCHEDULES, run_tick_schedules),
    JobHandler(DELETE_RUNS, run_delete_runs),
)

RUN_SCHEDULES: Final[tuple[Schedule[TickSchedules] | Schedule[DeleteRuns], ...]] = (
    Schedule(
        name="workflows.tick_schedules",
        kind=TICK_SCHEDULES,
        cron="* * * * *",
        make_payload=lambda _: TickSchedules(),
    ),
    Schedule(name="workflows.delete_runs", kind=DELETE_RUNS, cron="37 4 * * *", make_payload=lambda _: DeleteRuns()),
)
