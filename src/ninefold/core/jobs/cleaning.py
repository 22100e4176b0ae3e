"""The queue's own clean-up, as a job like any other: finished jobs are deleted after the time that they are kept."""

from datetime import timedelta
from typing import Final

import msgspec

from ninefold.core.jobs import store
from ninefold.core.jobs.handlers import JobHandler, JobRun
from ninefold.core.jobs.model import JobKind
from ninefold.core.jobs.schedules import Schedule
from ninefold.core.postgres.database import Database

BATCH: Final = 1_000


class DeleteFinished(msgspec.Struct, frozen=True):
    """Nothing more needs to be said."""


class CleaningContext(msgspec.Struct, frozen=True, kw_only=True):
    """What the clean-up needs to know."""

    database: Database
    finished_kept: timedelta
    """How long a job is kept that succeeded or was canceled."""
    failed_kept: timedelta


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    """What a clean-up has deleted."""

    finished: int
    failed: int


DELETE_FINISHED: Final = JobKind(name="jobs.delete_finished", payload=DeleteFinished, attempts_max=3, timeout_s=3_000.0)


async def delete_finished(job: JobRun[DeleteFinished], context: CleaningContext) -> Deleted:
    """Delete what ended long ago, a thousand at a time; what a run doesn't reach, the next one does."""
    finished = failed = 0
    has_more = True
    while has_more:
        async with context.database.transaction() as connection:
            more_finished = await store.job_delete_succeeded_or_canceled(
                connection, kept=context.finished_kept, limit=BATCH
            )
            more_failed = await store.job_delete_failed(connection, kept=context.failed_kept, limit=BATCH)
        finished, failed = finished + more_finished, failed + more_failed
        has_more = max(more_finished, more_failed) == BATCH
        await job.report(finished + failed)
    return Deleted(finished=finished, failed=failed)


CLEANING: Final = JobHandler(DELETE_FINISHED, delete_finished)

CLEANING_SCHEDULE: Final = Schedule(
    name=DELETE_FINISHED.name, kind=DELETE_FINISHED, cron="17 * * * *", make_payload=lambda _: DeleteFinished()
)
