"""An hourly job that deletes finished jobs after their retention period."""

from datetime import timedelta
from typing import Final

import msgspec

from ninefold.core.jobs import store
from ninefold.core.jobs.handlers import JobHandler, JobRun
from ninefold.core.jobs.model import JobKind
from ninefold.core.jobs.schedules import Schedule
from ninefold.core.postgres.database import Database

BATCH: Final = 1_000
"""Jobs of each state that one transaction deletes."""


class DeleteFinished(msgspec.Struct, frozen=True):
    """The empty payload of the job."""


class RetentionContext(msgspec.Struct, frozen=True, kw_only=True):
    """What the handler uses."""

    database: Database
    finished_retention: timedelta
    """How long succeeded and canceled jobs are kept."""
    failed_retention: timedelta
    """How long failed jobs are kept."""


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    """The job's result: how many jobs it deleted."""

    finished: int
    failed: int


DELETE_FINISHED: Final = JobKind(name="jobs.delete_finished", payload=DeleteFinished, attempts_max=3, timeout_s=3_000.0)


async def delete_finished(job: JobRun[DeleteFinished], context: RetentionContext) -> Deleted:
    """Delete jobs whose retention period is over, in batches. The next run continues if this one times out."""
    finished = failed = 0
    has_more = True
    while has_more:
        async with context.database.transaction() as connection:
            more_finished = await store.job_delete_succeeded_or_canceled(
                connection, retention=context.finished_retention, limit=BATCH
            )
            more_failed = await store.job_delete_failed(connection, retention=context.failed_retention, limit=BATCH)
        finished, failed = finished + more_finished, failed + more_failed
        has_more = max(more_finished, more_failed) == BATCH
        await job.report(finished + failed)
    return Deleted(finished=finished, failed=failed)


DELETE_FINISHED_HANDLER: Final = JobHandler(DELETE_FINISHED, delete_finished)

DELETE_FINISHED_SCHEDULE: Final = Schedule(
    name=DELETE_FINISHED.name, kind=DELETE_FINISHED, cron="17 * * * *", make_payload=lambda _: DeleteFinished()
)
