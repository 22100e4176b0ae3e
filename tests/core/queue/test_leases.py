"""Leases: who holds work, and what happens to it when the holder's heartbeats stop."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from unittest.mock import DEFAULT, AsyncMock
from uuid import UUID

import asyncpg
import pytest

from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue import store
from ninefold.core.queue.leases import LeaseLostError, WorkerLease, session_name

SHORT = timedelta(milliseconds=50)
LONG = timedelta(minutes=1)


class Releases:
    """A releaser that records whose rows it was asked to release."""

    def __init__(self) -> None:
        self.worker_ids: list[UUID] = []

    async def __call__(self, _: Connection, worker_ids: Sequence[UUID]) -> None:
        self.worker_ids.extend(worker_ids)


async def expire(database: Database, lease: WorkerLease) -> None:
    """Wait until the worker's lease has expired."""
    async with asyncio.timeout(5), database.connection() as connection:
        while not await connection.fetchval(
            "SELECT lease_expires_at < clock_timestamp() FROM queue.worker WHERE worker_id = $1", lease.worker_id
        ):
            await asyncio.sleep(0.005)


async def test_an_expired_worker_is_deleted_and_its_rows_are_released(database: Database) -> None:
    releases = Releases()
    silent = WorkerLease(database, [], duration=SHORT)
    other = WorkerLease(database, [releases], duration=LONG)
    await silent.acquire()
    await other.acquire()
    await expire(database, silent)
    assert await other.reap() == [silent.worker_id]
    assert releases.worker_ids == [silent.worker_id]
    assert await other.reap() == []


@pytest.mark.parametrize("is_flushed", [True, False])
async def test_only_a_claim_that_says_so_is_committed_without_waiting_for_the_disk(
    database: Database, *, is_flushed: bool
) -> None:
    lease = WorkerLease(database, [], duration=LONG)
    await lease.acquire()
    async with database.connection() as connection:
        usual = await connection.fetchval("SHOW synchronous_commit")
        await connection.execute("SET synchronous_commit TO on")
        async with connection.transaction():
            await lease.guard(connection, is_flushed=is_flushed)
            in_claim = await connection.fetchval("SHOW synchronous_commit")
        afterwards = await connection.fetchval("SHOW synchronous_commit")
        await connection.execute(f"SET synchronous_commit TO {usual}")
    assert (in_claim, afterwards) == ("on" if is_flushed else "off", "on")


async def test_a_worker_with_a_valid_lease_is_not_deleted(database: Database) -> None:
    alive = WorkerLease(database, [], duration=LONG)
    other = WorkerLease(database, [], duration=LONG)
    await alive.acquire()
    await other.acquire()
    assert await other.reap() == []


async def test_heartbeats_extend_a_lease_beyond_its_duration(database: Database) -> None:
    alive = WorkerLease(database, [], duration=timedelta(seconds=1), heartbeat_interval_s=0.01)
    await alive.acquire()
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(alive.run(stopping))
        async with asyncio.timeout(5), database.connection() as connection:
            while not await connection.fetchval(
                "SELECT lease_expires_at > started_at + interval '1.2 seconds' FROM queue.worker"
            ):
                await asyncio.sleep(0.01)
        stopping.set()


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_worker_keeps_running_when_the_database_fails_during_a_heartbeat(
    database: Database, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    alive = WorkerLease(database, [], duration=LONG, heartbeat_interval_s=0.01)
    await alive.acquire()
    extend = AsyncMock(return_value=True, side_effect=itertools.chain([error], itertools.repeat(DEFAULT)))
    monkeypatch.setattr(store, "worker_extend", extend)
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as group, asyncio.timeout(5):
        group.create_task(alive.run(stopping))
        while extend.await_count < 3:
            await asyncio.sleep(0.01)
        stopping.set()


async def test_a_deleted_worker_gets_an_error_at_its_next_heartbeat(database: Database) -> None:
    silent = WorkerLease(database, [], duration=SHORT, heartbeat_interval_s=0.01)
    await silent.acquire()
    await expire(database, silent)
    other = WorkerLease(database, [], duration=LONG)
    await other.reap()
    with pytest.raises(LeaseLostError, match="has expired"):
        await silent.run(asyncio.Event())


async def test_a_deleted_worker_cannot_claim(database: Database) -> None:
    silent = WorkerLease(database, [], duration=SHORT)
    await silent.acquire()
    await expire(database, silent)
    await WorkerLease(database, [], duration=LONG).reap()
    with pytest.raises(LeaseLostError):
        async with database.transaction() as connection:
            await silent.guard(connection)


async def test_a_worker_is_not_deleted_during_its_claim(database: Database) -> None:
    claiming = WorkerLease(database, [], duration=SHORT)
    other = WorkerLease(database, [], duration=LONG)
    await claiming.acquire()
    async with database.transaction() as connection:
        await claiming.guard(connection)
        await expire(database, claiming)
        assert await other.reap() == []
    assert await other.reap() == [claiming.worker_id]


async def test_the_locks_of_an_expired_worker_do_not_keep_others_from_its_rows(
    database: Database, database_url: str
) -> None:
    async with database.connection() as connection:
        await connection.execute("CREATE TABLE held AS SELECT 1 AS number")

    async def release(connection: Connection, _: Sequence[UUID]) -> None:
        await connection.execute("UPDATE held SET number = 2")

    frozen = WorkerLease(database, [], duration=SHORT)
    other = WorkerLease(database, [release], duration=LONG)
    await frozen.acquire()

    async def hold_locks_until_deleted(own: Database) -> None:
        async with own.transaction() as claiming, own.transaction() as saving:
            await frozen.guard(claiming)
            await saving.execute("UPDATE held SET number = 3")
            await expire(database, frozen)
            assert await reap_until_deleted(other) == [frozen.worker_id]

    async with own_pool(database_url, frozen) as own:
        with pytest.raises(DatabaseUnavailableError):
            await hold_locks_until_deleted(own)
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT number FROM held") == 2


async def test_only_the_sessions_of_an_expired_worker_end(database: Database, database_url: str) -> None:
    expired = WorkerLease(database, [], duration=SHORT)
    alive = WorkerLease(database, [], duration=LONG)
    await expired.acquire()
    await alive.acquire()
    await expire(database, expired)
    async with own_pool(database_url, alive) as own, own.transaction() as connection:
        await alive.guard(connection)
        assert await reap_until_deleted(alive) == [expired.worker_id]
        assert await connection.fetchval("SELECT 1") == 1


async def test_a_worker_does_not_end_its_own_sessions(database: Database, database_url: str) -> None:
    late = WorkerLease(database, [], duration=SHORT)
    await late.acquire()
    async with own_pool(database_url, late) as own, own.connection() as connection:
        await expire(database, late)
        assert await late.reap() == [late.worker_id]
        assert await connection.fetchval("SELECT 1") == 1


@asynccontextmanager
async def own_pool(database_url: str, lease: WorkerLease) -> AsyncIterator[Database]:
    """Open a pool whose sessions have this worker's name."""
    pool = await Database.connect(database_url, application_name=session_name(lease.worker_id))
    try:
        yield pool
    finally:
        await pool.close()


async def reap_until_deleted(lease: WorkerLease) -> list[UUID]:
    """Reap until a worker was deleted: a session takes a moment to end."""
    async with asyncio.timeout(10):
        while not (deleted := await lease.reap()):
            await asyncio.sleep(0.01)
    return deleted


async def test_a_clean_shutdown_releases_everything_at_once(database: Database) -> None:
    releases = Releases()
    ending = WorkerLease(database, [releases], duration=LONG)
    await ending.acquire()
    await ending.release()
    assert releases.worker_ids == [ending.worker_id]
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM queue.worker") == 0


async def test_a_worker_whose_rows_cannot_be_released_is_not_deleted(database: Database) -> None:
    async def fail(_: Connection, __: Sequence[UUID]) -> None:
        raise RuntimeError("the system's rows are locked")

    silent = WorkerLease(database, [], duration=SHORT)
    await silent.acquire()
    await expire(database, silent)
    with pytest.raises(RuntimeError):
        await WorkerLease(database, [fail], duration=LONG).reap()
    releases = Releases()
    assert await WorkerLease(database, [releases], duration=LONG).reap() == [silent.worker_id]
    assert releases.worker_ids == [silent.worker_id]
