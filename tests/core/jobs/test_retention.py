"""Finished jobs are deleted after their retention period, and no others."""

from datetime import timedelta

import msgspec
import pytest

from durable_jobs import Jobs, Step, running
from ninefold.core.jobs import JobState, enqueue, retention
from ninefold.core.jobs.retention import (
    DELETE_FINISHED,
    DELETE_FINISHED_HANDLER,
    DELETE_FINISHED_SCHEDULE,
    Deleted,
    DeleteFinished,
    RetentionContext,
)
from ninefold.core.postgres.database import Database

STATES = {
    "queued": "finished_at = NULL",
    "retrying": "finished_at = NULL, error = 'It failed.'",
    "succeeded": "finished_at = now() - interval '2 days'",
    "canceled": "finished_at = now() - interval '2 days', canceled_by = 'ada'",
    "failed": "finished_at = now() - interval '2 days', error = 'It failed.'",
}


async def delete_finished(database: Database, jobs: Jobs, *, finished_days: int, failed_days: int) -> Deleted:
    """Run the job in a worker."""
    async with database.transaction() as connection:
        job_id = await enqueue(connection, DELETE_FINISHED, DeleteFinished(), organisation_id=None)
    context = RetentionContext(
        database=database,
        finished_retention=timedelta(days=finished_days),
        failed_retention=timedelta(days=failed_days),
    )
    async with running(database, DELETE_FINISHED_HANDLER, context=context):
        job = await jobs.wait(job_id, JobState.SUCCEEDED)
    assert job.result is not None
    return msgspec.json.decode(job.result, type=Deleted)


@pytest.mark.parametrize(
    ("finished_days", "failed_days", "left"),
    [
        (3, 3, ["queued", "retrying", "succeeded", "canceled", "failed"]),
        (1, 3, ["queued", "retrying", "failed"]),
        (3, 1, ["queued", "retrying", "succeeded", "canceled"]),
        (0, 0, ["queued", "retrying"]),
    ],
)
async def test_jobs_are_deleted_after_their_retention_period(
    database: Database, jobs: Jobs, finished_days: int, failed_days: int, left: list[str]
) -> None:
    for state, fields in STATES.items():
        job_id = await jobs.add()
        async with database.connection() as connection:
            await connection.execute(f"UPDATE jobs.job SET state = '{state}', {fields} WHERE job_id = $1", job_id)

    await delete_finished(database, jobs, finished_days=finished_days, failed_days=failed_days)

    assert await jobs.states() == [*left, "succeeded"]


async def test_it_deletes_batches_until_nothing_is_left(
    database: Database, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 10)
    await jobs.add_many(Step() for _ in range(35))
    async with database.connection() as connection:
        await connection.execute("UPDATE jobs.job SET state = 'succeeded', finished_at = now() - interval '1 hour'")

    deleted = await delete_finished(database, jobs, finished_days=0, failed_days=0)

    assert deleted == Deleted(finished=35, failed=0)
    assert await jobs.states() == [JobState.SUCCEEDED]


def test_it_is_scheduled_every_hour() -> None:
    assert (DELETE_FINISHED_SCHEDULE.kind, DELETE_FINISHED_SCHEDULE.cron) == (
        DELETE_FINISHED_HANDLER.kind,
        "17 * * * *",
    )
