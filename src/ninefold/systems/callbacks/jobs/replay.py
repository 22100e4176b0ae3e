"""The job that passes many verified callbacks on again."""

from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.jobs import JobHandler, JobRun
from ninefold.core.system import WorkerContext
from ninefold.systems.callbacks.model import REPLAY_CALLBACKS, ReplayCallbacks
from ninefold.systems.callbacks.service.callbacks import replay
from ninefold.systems.callbacks.service.passing_on import WebhookDelivery
from ninefold.systems.callbacks.settings import CallbacksSettings
from ninefold.systems.callbacks.store.callbacks import callback_count_verified, callback_lock_verified

COUNTED_MAX: Final = 100_000
"""Callbacks that are counted before the first is replayed. With more of them, the job has no total."""

BATCH: Final = 20
"""Callbacks that one transaction replays. Each can have a body of 10 MiB in memory."""

_BEFORE_ALL: Final = UUID(int=0)


class ReplayCursor(msgspec.Struct, frozen=True, kw_only=True):
    """Where the job continues."""

    after: UUID = _BEFORE_ALL
    """The last callback that was replayed."""
    callbacks: int = 0
    total: int | None = None
    """How many there were at the start; None if it isn't known."""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """The job's result."""

    callbacks: int


async def replay_callbacks(job: JobRun[ReplayCallbacks], context: WorkerContext[CallbacksSettings]) -> Replayed:
    """Pass verified callbacks on again, one batch for each transaction, together with the job's position."""
    delivery = WebhookDelivery.find(context.implementations)
    wanted = job.payload
    cursor = job.read_cursor(ReplayCursor) or ReplayCursor(total=await _count(wanted, context))
    has_more = True
    while has_more:
        job.check()
        async with context.database.transaction() as connection:
            callbacks = await callback_lock_verified(connection, wanted, after=cursor.after, limit=BATCH)
            if callbacks:
                await replay(connection, delivery, callbacks=callbacks)
                cursor = ReplayCursor(
                    after=callbacks[-1].callback.callback_id,
                    callbacks=cursor.callbacks + len(callbacks),
                    total=cursor.total,
                )
                await job.save(connection, cursor=cursor, done=cursor.callbacks, total=cursor.total)
        delivery.notify(context.notifier)
        has_more = len(callbacks) == BATCH
    return Replayed(callbacks=cursor.callbacks)


async def _count(wanted: ReplayCallbacks, context: WorkerContext[CallbacksSettings]) -> int | None:
    async with context.database.connection() as connection:
        count = await callback_count_verified(connection, wanted, limit=COUNTED_MAX)
    return count if count < COUNTED_MAX else None


REPLAY_HANDLER: Final = JobHandler(REPLAY_CALLBACKS, replay_callbacks)
