"""The shares that workers have of common limits."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Database
from ninefold.core.queue import worker_share
from ninefold.core.queue.leases import WorkerLease
from ninefold.core.queue.worker_share import WorkerShare


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_share, "REFRESH_S", 0.05)
    monkeypatch.setattr(worker_share, "SETTLE_S", 0.3)


async def begin(database: Database) -> tuple[WorkerLease, WorkerShare]:
    lease = WorkerLease(database, [], duration=timedelta(minutes=1))
    await lease.acquire()
    return lease, WorkerShare(database, lease.worker_id)


async def test_a_worker_alone_has_everything_at_once(database: Database) -> None:
    _, share = await begin(database)
    async with asyncio.timeout(5):
        await share.join(asyncio.Event())
    assert (share.of_rate(100.0), share.of_count(7, key=new_id())) == (100.0, 7)


async def test_a_second_worker_waits_until_the_first_has_reduced_its_share(database: Database) -> None:
    stopping = asyncio.Event()
    _, first = await begin(database)
    await first.join(stopping)
    running = asyncio.create_task(first.run(stopping))
    lease, second = await begin(database)
    joining = asyncio.create_task(second.join(stopping))
    await asyncio.sleep(0.1)
    assert not joining.done()
    async with asyncio.timeout(10):
        await joining
    assert (first.of_rate(100.0), second.of_rate(100.0)) == (50.0, 50.0)
    await lease.release()
    async with asyncio.timeout(10):
        while first.count > 1:
            await asyncio.sleep(0.01)
    assert first.of_rate(100.0) == 100.0
    stopping.set()
    await running


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("workers", [1, 2, 3, 5])
def test_the_shares_of_a_count_add_up_to_it_and_differ_by_one_at_most(
    database: Database, limit: int, workers: int
) -> None:
    for key in (UUID(int=0), new_id(), new_id()):
        parts = []
        for position in range(workers):
            share = WorkerShare(database, new_id())
            share.count, share.position = workers, position
            parts.append(share.of_count(limit, key=key))
        assert sum(parts) == limit
        assert max(parts) - min(parts) <= 1
