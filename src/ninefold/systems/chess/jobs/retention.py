"""The schedule that deletes games that were never played, and old challenges and seeks. Games that were played stay."""

from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from ninefold.core.jobs import JobHandler, JobKind, JobRun, Schedule
from ninefold.core.postgres.database import Connection
from ninefold.core.system import WorkerContext
from ninefold.systems.chess.settings import ChessSettings
from ninefold.systems.chess.store.challenges import challenge_delete_old
from ninefold.systems.chess.store.games import game_delete_unplayed
from ninefold.systems.chess.store.seeks import seek_delete_old

BATCH: Final = 200
"""Rows that one transaction deletes."""


class Delete(Protocol):
    """Deletes a batch of rows, and returns how many."""

    async def __call__(self, connection: Connection, *, before: datetime, limit: int) -> int:
        """Delete at most `limit` rows."""
        ...


class DeleteExpired(msgspec.Struct, frozen=True, kw_only=True):
    """Delete what nobody needs any more."""


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    """The job's result."""

    games: int
    """Those that were aborted or never started."""
    challenges: int
    seeks: int


DELETE_EXPIRED: Final = JobKind(name="chess.delete_expired", payload=DeleteExpired, timeout_s=3_600.0)


async def delete_expired(job: JobRun[DeleteExpired], context: WorkerContext[ChessSettings]) -> Deleted:
    """Delete games that were never played, and challenges and seeks whose time is over for as long."""
    before = context.clock.now() - timedelta(seconds=context.settings.aborted_kept_s)

    async def repeat(delete: Delete) -> int:
        total, count = 0, BATCH
        while count == BATCH:
            job.check()
            async with context.database.transaction() as connection:
                count = await delete(connection, before=before, limit=BATCH)
            total += count
        return total

    return Deleted(
        games=await repeat(game_delete_unplayed),
        challenges=await repeat(challenge_delete_old),
        seeks=await repeat(seek_delete_old),
    )


DELETE_EXPIRED_HANDLER: Final = JobHandler(DELETE_EXPIRED, delete_expired)

DELETE_EXPIRED_DAILY: Final = Schedule(
    name="chess.delete_expired",
    kind=DELETE_EXPIRED,
    cron="13 4 * * *",
    make_payload=lambda _: DeleteExpired(),
)
