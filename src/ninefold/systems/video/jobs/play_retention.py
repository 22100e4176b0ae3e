"""The schedule that turns old plays into the figures of their days."""

from datetime import timedelta
from typing import Final

import msgspec

from ninefold.core.jobs import JobHandler, JobKind, JobRun, Schedule
from ninefold.core.system import WorkerContext
from ninefold.systems.video.settings import VideoSettings
from ninefold.systems.video.store.plays import play_delete_old, title_day_delete_old

BATCH: Final = 1_000
"""Plays that one transaction deletes."""

FIGURES_KEPT: Final = timedelta(days=400)


class DeletePlays(msgspec.Struct, frozen=True, kw_only=True):
    """Delete plays that are older than they are kept."""


class DeletedPlays(msgspec.Struct, frozen=True, kw_only=True):
    """The job's result."""

    plays: int


DELETE_PLAYS: Final = JobKind(name="video.delete_plays", payload=DeletePlays, timeout_s=3_600.0)


async def delete_plays(job: JobRun[DeletePlays], context: WorkerContext[VideoSettings]) -> DeletedPlays:
    """Delete old plays; what they add up to is kept for each day."""
    now = context.clock.now()
    before = now - timedelta(seconds=context.settings.plays_kept_s)
    total, count = 0, BATCH
    while count == BATCH:
        job.check()
        async with context.database.transaction() as connection:
            count = await play_delete_old(connection, before=before, limit=BATCH)
        total += count
    async with context.database.transaction() as connection:
        await title_day_delete_old(connection, before=(now - FIGURES_KEPT).date())
    return DeletedPlays(plays=total)


DELETE_PLAYS_HANDLER: Final = JobHandler(DELETE_PLAYS, delete_plays)

DELETE_PLAYS_DAILY: Final = Schedule(
    name="video.delete_plays",
    kind=DELETE_PLAYS,
    cron="41 3 * * *",
    make_payload=lambda _: DeletePlays(),
)
