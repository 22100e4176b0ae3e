"""The schedule that deletes games that were aborted or never started, after some days. Games that were played stay."""

from datetime import timedelta
from typing import Final

import msgspec

from ninefold.core.jobs import JobHandler, JobKind, JobRun, Schedule
from ninefold.core.system import WorkerContext
from ninefold.systems.chess.settings import ChessSettings
from ninefold.systems.chess.store.games import game_delete_unplayed

BATCH: Final = 200
"""Games that one transaction deletes."""


class DeleteUnplayed(msgspec.Struct, frozen=True, kw_only=True):
    """Delete games that were never played."""


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    """The job's result."""

    games: int


DELETE_UNPLAYED: Final = JobKind(name="chess.delete_unplayed", payload=DeleteUnplayed, timeout_s=3_600.0)


async def delete_unplayed(job: JobRun[DeleteUnplayed], context: WorkerContext[ChessSettings]) -> Deleted:
    """Delete games that were aborted or never started, and are no longer kept."""
    before = context.clock.now() - timedelta(seconds=context.settings.aborted_kept_s)
    total, count = 0, BATCH
    while count == BATCH:
        job.check()
        async with context.database.transaction() as connection:
            count = await game_delete_unplayed(connection, before=before, limit=BATCH)
        total += count
    return Deleted(games=total)


DELETE_UNPLAYED_HANDLER: Final = JobHandler(DELETE_UNPLAYED, delete_unplayed)

DELETE_UNPLAYED_DAILY: Final = Schedule(
    name="chess.delete_unplayed",
    kind=DELETE_UNPLAYED,
    cron="13 4 * * *",
    make_payload=lambda _: DeleteUnplayed(),
)
