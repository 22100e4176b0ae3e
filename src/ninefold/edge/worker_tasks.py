"""Builds what runs in a worker process: the tasks of all systems, and the runner and the scheduler of durable jobs."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec

from ninefold.core.blobs.sweeping import SWEEP_HANDLER, SWEEP_SCHEDULE, SweepContext
from ninefold.core.config import CoreSettings
from ninefold.core.jobs import BoundHandler, JobRunner, JobScheduler, Schedule
from ninefold.core.jobs.metrics import JOB_COUNTS
from ninefold.core.jobs.retention import DELETE_FINISHED_HANDLER, DELETE_FINISHED_SCHEDULE, RetentionContext
from ninefold.core.postgres.database import Database
from ninefold.core.queue.backlog import BacklogCounter
from ninefold.core.system import AnySystem, WorkerContext, WorkerTask
from ninefold.core.tenancy.retention import DELETE_ENDED_HANDLER, DELETE_ENDED_SCHEDULE, TenancyRetention
from ninefold.edge.erasing import ERASE_HANDLER, ErasureContext


def build_worker_tasks(
    core: WorkerContext[CoreSettings],
    systems: Sequence[AnySystem],
    system_settings: Sequence[msgspec.Struct],
    *,
    job_database: Database,
) -> list[WorkerTask]:
    """Return the tasks that a worker runs until it stops.

    Args:
        core: the context of the core's own tasks and jobs.
        systems: the systems, with their tasks and jobs.
        system_settings: the settings of each system, in the same order.
        job_database: the connection pool for job handlers.

    Raises:
        ValueError: two handlers are for one kind of job, two schedules have one name, or a schedule has no handler.
    """
    contexts = [msgspec.structs.replace(core, settings=settings) for settings in system_settings]
    tasks = [task for system, context in zip(systems, contexts, strict=True) for task in system.worker_tasks(context)]
    handlers = [
        handler.bind(msgspec.structs.replace(context, database=job_database))
        for system, context in zip(systems, contexts, strict=True)
        for handler in system.job_handlers
    ]
    handlers.append(DELETE_FINISHED_HANDLER.bind(_retention_context(core.settings, job_database)))
    handlers.append(DELETE_ENDED_HANDLER.bind(_tenancy_retention(core, job_database)))
    handlers.append(SWEEP_HANDLER.bind(_sweep_context(core, job_database)))
    handlers.append(
        ERASE_HANDLER.bind(ErasureContext(database=job_database, blobs=core.blobs, clock=core.clock, systems=systems))
    )
    schedules: list[Schedule[Any]] = [DELETE_FINISHED_SCHEDULE, DELETE_ENDED_SCHEDULE, SWEEP_SCHEDULE]
    schedules += [schedule for system in systems for schedule in system.schedules]
    _check_handlers_of(schedules, handlers)
    runner = JobRunner(
        core.database, core.lease, core.notifier, handlers=handlers, concurrency=core.settings.jobs_concurrency
    )
    scheduler = JobScheduler(core.database, core.notifier, schedules)
    return [*tasks, runner, scheduler, BacklogCounter("jobs.backlog", core.database, JOB_COUNTS)]


def _check_handlers_of(schedules: Sequence[Schedule[Any]], handlers: Sequence[BoundHandler]) -> None:
    """Refuse a schedule whose jobs have no handler."""
    kinds = {handler.kind.name for handler in handlers}
    for schedule in schedules:
        if schedule.kind.name not in kinds:
            raise ValueError(f"The schedule {schedule.name} enqueues {schedule.kind.name}, which has no handler.")


def _retention_context(settings: CoreSettings, database: Database) -> RetentionContext:
    return RetentionContext(
        database=database,
        finished_retention=timedelta(seconds=settings.jobs_finished_kept_s),
        failed_retention=timedelta(seconds=settings.jobs_failed_kept_s),
    )


def _tenancy_retention(core: WorkerContext[CoreSettings], database: Database) -> TenancyRetention:
    return TenancyRetention(
        database=database,
        clock=core.clock,
        audit_log_retention=timedelta(seconds=core.settings.audit_log_kept_s),
    )


def _sweep_context(core: WorkerContext[CoreSettings], database: Database) -> SweepContext:
    return SweepContext(
        database=database,
        blobs=core.blobs,
        pending_retention=timedelta(seconds=core.settings.blobs_pending_kept_s),
    )
