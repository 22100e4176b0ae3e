"""Deletes artifacts that have expired and caches that weren't used for long, and removes their contents."""

from datetime import timedelta
from typing import Final

import msgspec

from ninefold.core.jobs import JobHandler, JobKind, JobRun, Schedule
from ninefold.core.system import WorkerContext
from ninefold.systems.workflows.service.results.artifacts import delete_artifacts
from ninefold.systems.workflows.service.results.caches import delete_caches
from ninefold.systems.workflows.service.results.uploads import remove_uploads
from ninefold.systems.workflows.settings import WorkflowsSettings
from ninefold.systems.workflows.store.artifacts import artifact_list_expired
from ninefold.systems.workflows.store.caches import cache_entry_list_unused

BATCH: Final = 100
"""Rows that one transaction deletes."""

UNFINISHED_KEPT: Final = timedelta(days=7)
"""How long something is kept that a job has begun and not ended; a job can take days."""


class SweepResults(msgspec.Struct, frozen=True, kw_only=True):
    """Delete what has expired."""


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """The job's result."""

    artifacts: int
    caches: int
    uploads: int


SWEEP_RESULTS: Final = JobKind(name="workflows.sweep_results", payload=SweepResults, timeout_s=3_600.0)


async def sweep_results(job: JobRun[SweepResults], context: WorkerContext[WorkflowsSettings]) -> Swept:
    """Delete what has expired, a batch after the other. A repetition finds what is left."""
    return Swept(
        artifacts=await _delete_artifacts(job, context),
        caches=await _delete_caches(job, context),
        uploads=await _remove_uploads(job, context),
    )


async def _delete_artifacts(job: JobRun[SweepResults], context: WorkerContext[WorkflowsSettings]) -> int:
    at = context.clock.now()
    total, count = 0, BATCH
    while count == BATCH:
        job.check()
        async with context.database.transaction() as connection:
            found = await artifact_list_expired(connection, at=at, unfinished_before=at - UNFINISHED_KEPT, limit=BATCH)
            await delete_artifacts(connection, found, at=at)
        count = len(found)
        total += count
    return total


async def _delete_caches(job: JobRun[SweepResults], context: WorkerContext[WorkflowsSettings]) -> int:
    at = context.clock.now()
    unused_since = at - timedelta(days=context.settings.caches_kept_days)
    total, count = 0, BATCH
    while count == BATCH:
        job.check()
        async with context.database.transaction() as connection:
            found = await cache_entry_list_unused(
                connection, unused_since=unused_since, unfinished_before=at - UNFINISHED_KEPT, limit=BATCH
            )
            await delete_caches(connection, found, at=at)
        count = len(found)
        total += count
    return total


async def _remove_uploads(job: JobRun[SweepResults], context: WorkerContext[WorkflowsSettings]) -> int:
    total, count = 0, BATCH
    while count == BATCH:
        job.check()
        async with context.database.transaction() as connection:
            count = await remove_uploads(connection, limit=BATCH)
        total += count
    return total


SWEEP_RESULTS_HANDLER: Final = JobHandler(SWEEP_RESULTS, sweep_results)

SWEEP_RESULTS_OFTEN: Final = Schedule(
    name=SWEEP_RESULTS.name,
    kind=SWEEP_RESULTS,
    cron="*/10 * * * *",
    make_payload=lambda _: SweepResults(),
)
