"""The schedule that deletes old idempotency keys and events."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import msgspec

from ninefold.core.jobs import JobHandler, JobKind, JobRun, Schedule
from ninefold.core.postgres.database import Connection
from ninefold.core.system import WorkerContext
from ninefold.systems.payments.settings import PaymentsSettings
from ninefold.systems.payments.store.events import event_delete_before
from ninefold.systems.payments.store.idempotency import idempotency_key_delete_before

KEYS_KEPT: Final = timedelta(hours=30)
"""How long an idempotency key counts, from its first request: more than the 24 hours that Stripe promises."""

EVENTS_KEPT: Final = timedelta(days=30)
BATCH: Final = 500
"""Rows that one transaction deletes."""


class DeleteOld(msgspec.Struct, frozen=True, kw_only=True):
    """The payload, which says nothing."""


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    """The job's result."""

    keys: int
    events: int


DELETE_OLD: Final = JobKind(name="payments.delete_old", payload=DeleteOld)


async def delete_old(job: JobRun[DeleteOld], context: WorkerContext[PaymentsSettings]) -> Deleted:
    """Delete idempotency keys and events that are no longer kept."""
    now = context.clock.now()

    async def delete_keys(connection: Connection) -> int:
        return await idempotency_key_delete_before(connection, before=now - KEYS_KEPT, limit=BATCH)

    async def delete_events(connection: Connection) -> int:
        return await event_delete_before(connection, before=now - EVENTS_KEPT, limit=BATCH)

    return Deleted(keys=await _delete(job, context, delete_keys), events=await _delete(job, context, delete_events))


async def _delete(
    job: JobRun[DeleteOld],
    context: WorkerContext[PaymentsSettings],
    delete_batch: Callable[[Connection], Awaitable[int]],
) -> int:
    total = 0
    while True:
        job.check()
        async with context.database.transaction() as connection:
            deleted = await delete_batch(connection)
        total += deleted
        if deleted < BATCH:
            return total


DELETE_OLD_HANDLER: Final = JobHandler(DELETE_OLD, delete_old)

DELETE_OLD_HOURLY: Final = Schedule(
    name="payments.delete_old", kind=DELETE_OLD, cron="23 * * * *", make_payload=lambda _: DeleteOld()
)
