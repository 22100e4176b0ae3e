"""A job, every five minutes, that expires blobs that no row names, and removes the contents of deleted ones."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.blobs import store
from ninefold.core.blobs.metrics import EXPIRED, REMOVED
from ninefold.core.blobs.model import BlobAddress
from ninefold.core.blobs.service import Blobs
from ninefold.core.jobs.handlers import JobHandler, JobRun
from ninefold.core.jobs.model import JobKind
from ninefold.core.jobs.schedules import Schedule
from ninefold.core.postgres.database import Database

BATCH: Final = 200
"""Blobs that one transaction expires, and whose contents are removed before their rows."""

REMOVALS_IN_FLIGHT_MAX: Final = 10

REMOVAL_DELAY: Final = timedelta(minutes=1)
"""How long contents stay after they were deleted. By then, what an upload that was given up had sent has arrived in the
store, so that it is removed too, and most downloads have ended."""


class Sweep(msgspec.Struct, frozen=True):
    """The empty payload of the job."""


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """The job's result: how many blobs it found that no row had named in time, and how many it removed."""

    expired: int
    removed: int


class SweepContext(msgspec.Struct, frozen=True, kw_only=True):
    """What the handler uses."""

    database: Database
    blobs: Blobs
    pending_retention: timedelta
    """How long a blob is kept that no row names."""
    removal_delay: timedelta = REMOVAL_DELAY
    """How long the contents of a deleted blob are kept."""


async def sweep(job: JobRun[Sweep], context: SweepContext) -> Swept:
    """Expire and remove in batches. A repetition removes again what may have been removed, which changes nothing.

    Raises:
        BlobStoreUnavailableError: some contents can't be removed; their rows stay, and the next run tries again.
    """
    expired = removed = 0
    while count := await _expire(context):
        expired += count
        await job.report(expired + removed)
    while addresses := await _list_deleted(context):
        removed += await remove(context.database, context.blobs, addresses)
        await job.report(expired + removed)
    return Swept(expired=expired, removed=removed)


async def _expire(context: SweepContext) -> int:
    async with context.database.transaction() as connection:
        count = await store.blob_expire(connection, retention=context.pending_retention, limit=BATCH)
    EXPIRED.inc(count)
    return count


async def _list_deleted(context: SweepContext) -> Sequence[BlobAddress]:
    async with context.database.connection() as connection:
        return await store.blob_list_deleted(connection, delay=context.removal_delay, limit=BATCH)


async def remove(database: Database, blobs: Blobs, addresses: Sequence[BlobAddress]) -> int:
    """Remove the contents of deleted blobs, then the rows of those that are gone; return how many.

    Raises:
        BlobStoreUnavailableError: some contents can't be removed; their rows stay, the others' don't.
    """
    slots = asyncio.Semaphore(REMOVALS_IN_FLIGHT_MAX)

    async def remove_one(address: BlobAddress) -> UUID:
        async with slots:
            await blobs.remove_contents(address)
        return address.blob_id

    outcomes = await asyncio.gather(*[remove_one(address) for address in addresses], return_exceptions=True)
    gone = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    async with database.transaction() as connection:
        count = await store.blob_remove(connection, blob_ids=gone)
    REMOVED.inc(count)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return count


SWEEP: Final = JobKind(name="blobs.sweep", payload=Sweep, attempts_max=3, timeout_s=3_000.0)

SWEEP_HANDLER: Final = JobHandler(SWEEP, sweep)

SWEEP_SCHEDULE: Final = Schedule(name=SWEEP.name, kind=SWEEP, cron="*/5 * * * *", make_payload=lambda _: Sweep())
