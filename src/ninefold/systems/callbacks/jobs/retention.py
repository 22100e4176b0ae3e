"""The schedule that deletes old callbacks, the digests whose window has ended, and deleted sources that are empty."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.jobs import JobHandler, JobRun, Schedule
from ninefold.core.system import WorkerContext
from ninefold.systems.callbacks.model import DELETE_EXPIRED, DeleteExpired
from ninefold.systems.callbacks.settings import CallbacksSettings
from ninefold.systems.callbacks.store.callbacks import callback_delete_before
from ninefold.systems.callbacks.store.dedupe_keys import dedupe_key_delete_expired
from ninefold.systems.callbacks.store.sources import source_delete_unused

BATCH: Final = 500
"""Rows that one transaction deletes."""

SOURCE_GRACE: Final = timedelta(hours=1)
"""How long a deleted source stays, for requests that were in progress."""


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    """The job's result."""

    callbacks: int
    digests: int


async def delete_expired(job: JobRun[DeleteExpired], context: WorkerContext[CallbacksSettings]) -> Deleted:
    """Delete what the settings no longer keep. What waits to be verified is never deleted."""
    now = context.clock.now()
    oldest_kept = first_id_at(now - timedelta(seconds=context.settings.kept_s))
    callbacks = digests = 0
    deleted = BATCH
    while deleted == BATCH:
        job.check()
        async with context.database.transaction() as connection:
            deleted = await callback_delete_before(connection, before=oldest_kept, limit=BATCH)
        callbacks += deleted
        await job.report(callbacks)
    deleted = BATCH
    while deleted == BATCH:
        job.check()
        async with context.database.transaction() as connection:
            deleted = await dedupe_key_delete_expired(connection, limit=BATCH)
        digests += deleted
    async with context.database.transaction() as connection:
        await source_delete_unused(connection, before=now - SOURCE_GRACE)
    return Deleted(callbacks=callbacks, digests=digests)


def first_id_at(time: datetime) -> UUID:
    """Return an id that sorts before those of all callbacks that were received from this time on (UUIDv7)."""
    return UUID(int=int(time.timestamp() * 1_000) << 80)


DELETE_EXPIRED_HANDLER: Final = JobHandler(DELETE_EXPIRED, delete_expired)

DELETE_EXPIRED_HOURLY: Final = Schedule(
    name="callbacks.delete_expired",
    kind=DELETE_EXPIRED,
    cron="17 * * * *",
    make_payload=lambda _: DeleteExpired(),
)
