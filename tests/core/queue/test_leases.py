"""Leases: who holds work, and what happens to it when its holder falls silent."""

import asyncio
import itertools
from collections.abc import Sequence
from datetime import timedelta
from unittest.mock import DEFAULT, AsyncMock
from uuid import UUID

import asyncpg
import pytest

from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue import store
from ninefold.core.queue.leases import LeaseLostError, WorkerLease

SHORT = timedelta(milliseconds=50)
LONG = timedelta(minutes=1)


class Releases:
    """A releaser that keeps what it was asked to give back."""

    def __init__(self) -> None:
        self.worker_ids: list[UUID] = []

    async def __call__(self, _: Connection, worker_ids: Sequence[UUID]) -> None:
        self.worker_ids.extend(worker_ids)


async def lapsed(database: Database, lease: WorkerLease) -> None:
    """Wait until the database takes the worker's lease for expired."""
    async with asyncio.timeout(5), database.connection() as connection:
        while not await connection.fetchval(
            "SELECT lease_expires_at < clock_timestamp() FROM queue.worker WHERE worker_id = $1", lease.worker_id
        ):
            await asyncio.sleep(0.005)


async def test_a_silent_worker_is_forgotten_and_what_it_held_is_given_back(database: Database) -> None:
    releases = Releases()
    silent = WorkerLease(database, [], duration=SHORT)
    other = WorkerLease(database, [releases], duration=LONG)
    await silent.acquire()
    await other.acquire()
    await lapsed(database, silent)
    assert await other.reap() == [silent.worker_id]
    assert releases.worker_ids == [silent.worker_id]
    assert await other.reap() == []


async def test_a_worker_with_a_heartbeat_is_left_alone(database: Database) -> None:
    alive = WorkerLease(database, [], duration=LONG)
    other = WorkerLease(database, [], duration=LONG)
    await alive.acquire()
    await other.acquire()
    assert await other.reap() == []


async def test_a_heartbeat_keeps_a_lease_longer_than_its_duration(database: Database) -> None:
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
async def test_a_worker_lives_on_when_the_database_fails_in_a_heartbeat(
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


async def test_a_forgotten_worker_learns_it_at_its_next_heartbeat(database: Database) -> None:
    silent = WorkerLease(database, [], duration=SHORT, heartbeat_interval_s=0.01)
    await silent.acquire()
    await lapsed(database, silent)
    other = WorkerLease(database, [], duration=LONG)
    await other.reap()
    with pytest.raises(LeaseLostError, match="was silent for too long"):
        await silent.run(asyncio.Event())


async def test_a_forgotten_worker_can_claim_nothing(database: Database) -> None:
    silent = WorkerLease(database, [], duration=SHORT)
    await silent.acquire()
    await lapsed(database, silent)
    await WorkerLease(database, [], duration=LONG).reap()
    with pytest.raises(LeaseLostError):
        async with database.transaction() as connection:
            await silent.guard(connection)


async def test_nobody_is_forgotten_while_it_claims(database: Database) -> None:
    claiming = WorkerLease(database, [], duration=SHORT)
    other = WorkerLease(database, [], duration=LONG)
    await claiming.acquire()
    async with database.transaction() as connection:
        await claiming.guard(connection)
        await lapsed(database, claiming)
        assert await other.reap() == []
    assert await other.reap() == [claiming.worker_id]


async def test_a_clean_end_gives_back_everything_at_once(database: Database) -> None:
    releases = Releases()
    ending = WorkerLease(database, [releases], duration=LONG)
    await ending.acquire()
    await ending.release()
    assert releases.worker_ids == [ending.worker_id]
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM queue.worker") == 0


async def test_what_cannot_be_given_back_leaves_its_worker_remembered(database: Database) -> None:
    async def fail(_: Connection, __: Sequence[UUID]) -> None:
        raise RuntimeError("the system's rows are locked")

    silent = WorkerLease(database, [], duration=SHORT)
    await silent.acquire()
    await lapsed(database, silent)
    with pytest.raises(RuntimeError):
        await WorkerLease(database, [fail], duration=LONG).reap()
    releases = Releases()
    assert await WorkerLease(database, [releases], duration=LONG).reap() == [silent.worker_id]
    assert releases.worker_ids == [silent.worker_id]
