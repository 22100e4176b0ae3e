"""Makes partitions ahead of time, and drops those whose retention is over.

Servers and workers make partitions when they start and every hour. A durable job drops old ones, every hour as well.
If none of this happens, nothing fails: the last partition is open, so that an event always has one.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

import asyncpg
import msgspec
import structlog

from ninefold.core.ids import first_id_at
from ninefold.core.jobs import JobHandler, JobRun, Schedule
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.errors import DRIVER_ERRORS, DatabaseUnavailableError
from ninefold.core.system import WorkerContext
from ninefold.core.waiting import wait_for_any
from ninefold.systems.webhooks.jobs import metrics
from ninefold.systems.webhooks.model.partitions import KEEP_PARTITIONS, KeepPartitions, Partition
from ninefold.systems.webhooks.rules.partitions import end_of_open_partition, is_over, may_be_sealed, open_partitions
from ninefold.systems.webhooks.service.changes import announce_changes
from ninefold.systems.webhooks.service.ordering import end_turns, expire_held, leave_order, start_turns
from ninefold.systems.webhooks.settings import WebhooksSettings
from ninefold.systems.webhooks.store import partitions as store
from ninefold.systems.webhooks.store.deliveries import delivery_expire_unkept
from ninefold.systems.webhooks.store.idempotency_keys import idempotency_key_delete_before

MAKE_INTERVAL_S: Final = 3_600.0
"""How often servers and workers look whether partitions are missing."""

TRIES_MAX: Final = 100
"""How often a change is tried whose tables are in use for longer than it may wait."""

TRY_DELAY_S: Final = 0.3

BATCH: Final = 2_000
"""Rows that one transaction ends or deletes."""

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The job's result."""

    made: int
    """Partitions that were made, of any retention."""
    sealed: int
    dropped: int
    overdue: int
    """Partitions whose retention is over, but that have something queued, pending, or failed lately."""
    expired_deliveries: int
    """Deliveries that still waited when their retention was over, and are now dead letters."""
    idempotency_keys: int
    """Keys that can now be used again."""


class PartitionMaker:
    """Makes the partitions of the next days, at the start of a process and every hour.

    Args:
        database: has the partitions.
        settings: say how long what is kept.
    """

    name = "webhooks.partitions"

    def __init__(self, database: Database, settings: WebhooksSettings) -> None:
        self._database = database
        self._settings = settings

    async def run(self, stopping: asyncio.Event) -> None:
        """Make partitions until `stopping` is set."""
        while not stopping.is_set():
            try:
                await make_partitions(self._database, self._settings)
            except DatabaseUnavailableError as error:
                log.warning("webhooks.partitions.delayed", error=str(error))
            await wait_for_any(stopping, timeout_s=MAKE_INTERVAL_S)


async def make_partitions(database: Database, settings: WebhooksSettings, *, now: datetime | None = None) -> int:
    """Make the partitions of the next days, unless somebody else is changing partitions; return how many.

    Args:
        database: has the partitions.
        settings: say how long what is kept.
        now: the time; None for that of the database.

    Raises:
        DatabaseUnavailableError: the tables were in use each time that it was tried.
    """
    async with database.connection() as connection, _locked(connection) as is_locked:
        if not is_locked:
            return 0
        return await _make_all(connection, settings, now=now or await store.partition_read_clock(connection))


async def keep_partitions(job: JobRun[KeepPartitions], context: WorkerContext[WebhooksSettings]) -> Kept | None:
    """Make partitions, seal and drop old ones; return None if somebody else is changing partitions."""

    async def report(done: int) -> None:
        job.check()
        await job.report(done)

    return await keep_all(context.database, context.settings, now=context.clock.now(), report=report)


async def keep_all(
    database: Database, settings: WebhooksSettings, *, now: datetime, report: Callable[[int], Awaitable[None]]
) -> Kept | None:
    """Make partitions, delete idempotency keys, seal and drop old partitions.

    Args:
        database: has the partitions.
        settings: say how long what is kept.
        now: the time.
        report: called with the number of partitions done, whenever the work can be interrupted.

    Returns:
        What was done; None if somebody else is changing partitions.
    """
    async with database.connection() as connection, _locked(connection) as is_locked:
        if not is_locked:
            return None
        made = await _make_all(connection, settings, now=now)
        keys = await _delete_keys(connection, before=now - settings.idempotency_key_retention)
        sealed = dropped = overdue = expired = 0
        for position, partition in enumerate(await store.partition_list(connection)):
            await report(position)
            if is_over(partition, now=now, retention=settings.retention_of(partition.retention)):
                expired += await _expire(connection, partition)
                is_dropped = await _drop(connection, partition, failed_after=now - settings.dead_letter_retention)
                dropped, overdue = dropped + is_dropped, overdue + (not is_dropped)
            elif may_be_sealed(partition, now=now):
                sealed += await _seal(connection, partition)
    metrics.PARTITIONS_OVERDUE.set(overdue)
    return Kept(
        made=made,
        sealed=sealed,
        dropped=dropped,
        overdue=overdue,
        expired_deliveries=expired,
        idempotency_keys=keys,
    )


@asynccontextmanager
async def _locked(connection: Connection) -> AsyncIterator[bool]:
    """Keep others from changing partitions; yield False if somebody else is changing them."""
    is_locked = await store.partition_lock(connection)
    try:
        yield is_locked
    finally:
        if is_locked:
            # The lock ends with a connection that is lost. The error must not take the place of a cancellation.
            with suppress(*DRIVER_ERRORS):
                await store.partition_unlock(connection)


async def _make_all(connection: Connection, settings: WebhooksSettings, *, now: datetime) -> int:
    made = 0
    for retention, partition in open_partitions(await store.partition_list(connection)).items():
        ends_at = end_of_open_partition(partition.starts_at, now=now, retention=settings.retention_of(retention))
        if ends_at is None:
            continue
        if not await _close(connection, partition, ends_at=ends_at):
            continue
        log.info("webhooks.partition.made", retention=retention.name.lower(), starts_at=ends_at.isoformat())
        made += 1
    return made


async def _close(connection: Connection, partition: Partition, *, ends_at: datetime) -> bool:
    """End the open partition, which is usually empty. If it has rows, they are checked before anything has to wait.

    Returns:
        Whether it is done: not if a server whose clock was ahead has written ids beyond the end. They stay in the open
        partition until their time comes.
    """
    first_id = store.first_id_of(partition)
    if await store.partition_has_events(connection, retention=partition.retention, first_id=first_id):
        await _try(lambda: store.partition_limit(connection, partition, ends_at=ends_at))
        try:
            await store.partition_check_limit(connection, partition)
        except asyncpg.CheckViolationError:
            log.warning(
                "webhooks.partition.clock_ahead",
                retention=partition.retention.name.lower(),
                ends_at=ends_at.isoformat(),
            )
            await _try(lambda: store.partition_unlimit(connection, partition))
            return False
    await _try(lambda: store.partition_close(connection, partition, ends_at=ends_at))
    return True


async def _seal(connection: Connection, partition: Partition) -> bool:
    """Seal a partition if all of its events are dispatched."""
    if await store.partition_has_undispatched(connection, partition):
        return False
    await _try(lambda: store.partition_seal(connection, partition))
    await store.partition_check_seal(connection, partition)
    return True


async def _expire(connection: Connection, partition: Partition) -> int:
    """End what still waits in a partition whose retention is over, such as for a paused subscription or its turn.

    As long as an event is queued, no worker has looked at it, and nothing is ended.
    """
    if await store.partition_has_undispatched(connection, partition):
        return 0
    count = 0
    for expire in (_expire_waiting, expire_held):
        has_more = True
        while has_more:
            async with connection.transaction():
                delivery_ids = await expire(connection, partition, limit=BATCH)
                if delivery_ids:
                    await announce_changes(connection, delivery_ids=delivery_ids)
            count += len(delivery_ids)
            has_more = bool(delivery_ids)
    return count


async def _expire_waiting(connection: Connection, partition: Partition, *, limit: int) -> list[UUID]:
    delivery_ids = await delivery_expire_unkept(connection, partition, limit=limit)
    await end_turns(connection, delivery_ids)
    return delivery_ids


async def _drop(connection: Connection, partition: Partition, *, failed_after: datetime) -> bool:
    """Drop a partition unless something in it is unfinished. It is checked twice, because a person may retry it."""

    async def find_unfinished() -> bool:
        unfinished = await store.partition_find_unfinished(connection, partition, failed_after=failed_after)
        if unfinished:
            log.info(
                "webhooks.partition.overdue",
                retention=partition.retention.name.lower(),
                partition=partition.suffix,
                **msgspec.structs.asdict(unfinished),
            )
        return bool(unfinished)

    async def drop() -> bool:
        await store.partitions_hold(connection, retention=partition.retention)
        if await find_unfinished():
            return False
        keys = await leave_order(connection, partition)
        await store.partition_drop(connection, partition)
        await start_turns(connection, keys)
        return True

    if await find_unfinished() or not await _try_in_transaction(connection, drop):
        return False
    metrics.PARTITIONS_DROPPED.inc()
    log.info("webhooks.partition.dropped", retention=partition.retention.name.lower(), partition=partition.suffix)
    return True


async def _delete_keys(connection: Connection, *, before: datetime) -> int:
    count, deleted = 0, BATCH
    while deleted == BATCH:
        deleted = await idempotency_key_delete_before(connection, before=first_id_at(before), limit=BATCH)
        count += deleted
    return count


async def _try(change: Callable[[], Awaitable[T]]) -> T:
    """Make a change that waits for tables only for a moment; try it again if they are in use."""
    for _ in range(TRIES_MAX - 1):
        with suppress(asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            return await change()
        await asyncio.sleep(TRY_DELAY_S)
    return await change()


async def _try_in_transaction(connection: Connection, change: Callable[[], Awaitable[T]]) -> T:
    """Make a change of several statements in the same way."""

    async def change_once() -> T:
        async with connection.transaction():
            await store.partition_limit_waiting(connection)
            return await change()

    return await _try(change_once)


KEEP_PARTITIONS_HANDLER: Final = JobHandler(KEEP_PARTITIONS, keep_partitions)

KEEP_PARTITIONS_HOURLY: Final = Schedule(
    name=KEEP_PARTITIONS.name, kind=KEEP_PARTITIONS, cron="7 * * * *", make_payload=lambda _: KeepPartitions()
)
