"""The job that lets quarantined callbacks be verified again, after the secrets of a source were corrected."""

from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.jobs import JobHandler, JobRun
from ninefold.core.system import WorkerContext
from ninefold.systems.callbacks.model import RECEIVED_CHANNEL, REVERIFY_CALLBACKS, ReverifyCallbacks
from ninefold.systems.callbacks.service.changes import announce_changes
from ninefold.systems.callbacks.settings import CallbacksSettings
from ninefold.systems.callbacks.store.callbacks import callback_count_quarantined, callback_receive_again

COUNTED_MAX: Final = 1_000_000
"""Callbacks that are counted before the first is changed. With more of them, the job has no total."""

BATCH: Final = 500
"""Callbacks that one transaction changes."""

_BEFORE_ALL: Final = UUID(int=0)


class ReverifyCursor(msgspec.Struct, frozen=True, kw_only=True):
    """Where the job continues."""

    after: UUID = _BEFORE_ALL
    """The last callback that was changed."""
    callbacks: int = 0
    total: int | None = None
    """How many there were at the start; None if it isn't known."""


class Reverified(msgspec.Struct, frozen=True, kw_only=True):
    """The job's result."""

    callbacks: int


async def reverify_callbacks(job: JobRun[ReverifyCallbacks], context: WorkerContext[CallbacksSettings]) -> Reverified:
    """Let quarantined callbacks wait for their verification again, one batch for each transaction.

    It goes through them once, in the order of their ids, so it ends although some may be quarantined again.
    """
    cursor = job.read_cursor(ReverifyCursor) or ReverifyCursor(total=await _count(job.payload, context))
    has_more = True
    while has_more:
        job.check()
        async with context.database.transaction() as connection:
            changed = await callback_receive_again(
                connection,
                organisation_id=job.payload.organisation_id,
                source_id=job.payload.source_id,
                after=cursor.after,
                limit=BATCH,
            )
            if changed:
                await announce_changes(connection, callback_ids=changed)
                cursor = ReverifyCursor(
                    after=changed[-1], callbacks=cursor.callbacks + len(changed), total=cursor.total
                )
                await job.save(connection, cursor=cursor, done=cursor.callbacks, total=cursor.total)
        context.notifier.notify(RECEIVED_CHANNEL)
        has_more = len(changed) == BATCH
    return Reverified(callbacks=cursor.callbacks)


async def _count(wanted: ReverifyCallbacks, context: WorkerContext[CallbacksSettings]) -> int | None:
    async with context.database.connection() as connection:
        count = await callback_count_quarantined(
            connection, organisation_id=wanted.organisation_id, source_id=wanted.source_id, limit=COUNTED_MAX
        )
    return count if count < COUNTED_MAX else None


REVERIFY_HANDLER: Final = JobHandler(REVERIFY_CALLBACKS, reverify_callbacks)
