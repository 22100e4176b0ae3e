"""Durable jobs: background work that must not be lost. A job is enqueued in the caller's transaction.

    CLEAN_UP: Final = JobKind(name="shop.clean_up", payload=CleanUp)

    await enqueue(connection, CLEAN_UP, CleanUp(shelf=3), organisation_id=organisation_id)   # in a service
    notifier.notify(JOBS_CHANNEL)                                                            # after the commit

    async def clean_up(job: JobRun[CleanUp], context: WorkerContext[ShopSettings]) -> None: ...

    SYSTEM: Final = System(..., job_handlers=(JobHandler(CLEAN_UP, clean_up),))              # in the wiring

A handler may run more than once for the same job; docs/jobs.md says when.
"""

from ninefold.core.jobs.backoff import Backoff
from ninefold.core.jobs.errors import (
    JobCanceledError,
    JobFailedError,
    JobInterruptedError,
    JobLostError,
    JobPausedError,
)
from ninefold.core.jobs.handlers import BoundHandler, JobHandler, JobRun
from ninefold.core.jobs.model import JOB_PREFIX, JOBS_CHANNEL, Job, JobKind, JobPriority, JobState
from ninefold.core.jobs.runner import JobRunner
from ninefold.core.jobs.scheduler import JobScheduler
from ninefold.core.jobs.schedules import Schedule
from ninefold.core.jobs.service import count_unfinished_jobs, enqueue, enqueue_unique, get_job, release_jobs
from ninefold.core.postgres.migrations import MigrationSource

MIGRATIONS = MigrationSource(namespace="jobs", package=__name__)

__all__ = [
    "JOBS_CHANNEL",
    "JOB_PREFIX",
    "MIGRATIONS",
    "Backoff",
    "BoundHandler",
    "Job",
    "JobCanceledError",
    "JobFailedError",
    "JobHandler",
    "JobInterruptedError",
    "JobKind",
    "JobLostError",
    "JobPausedError",
    "JobPriority",
    "JobRun",
    "JobRunner",
    "JobScheduler",
    "JobState",
    "Schedule",
    "count_unfinished_jobs",
    "enqueue",
    "enqueue_unique",
    "get_job",
    "release_jobs",
]
