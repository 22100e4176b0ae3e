import asyncio
from collections.abc import Sequence
from typing import Any
from unittest.mock import AsyncMock

import asyncpg
import msgspec
import pytest

from ninefold.core.config import CoreSettings
from ninefold.core.errors import SettingError
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue import store
from ninefold.core.queue.leases import LeaseLostError
from ninefold.core.system import WorkerContext, WorkerTask
from ninefold.edge import worker
from ninefold.edge.systems import SYSTEMS
from ninefold.edge.worker import work

WITHIN_S = 20.0


class RecordingTask:
    """Records that it has started, and ends as the test says."""

    name = "test.task"

    def __init__(self) -> None:
        self.has_started = asyncio.Event()
        self.may_end = asyncio.Event()
        self.was_canceled = False
        self.error: Exception | None = None

    async def run(self, stopping: asyncio.Event) -> None:
        self.has_started.set()
        try:
            await stopping.wait()
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.was_canceled = True
            raise
        if self.error is not None:
            raise self.error


@pytest.fixture
def task(monkeypatch: pytest.MonkeyPatch) -> RecordingTask:
    task = RecordingTask()

    def worker_tasks(_: WorkerContext[Any]) -> Sequence[WorkerTask]:
        return [task]

    replaced = msgspec.structs.replace(SYSTEMS[0], worker_tasks=worker_tasks)
    monkeypatch.setattr(worker, "SYSTEMS", (replaced,))
    return task


class Run:
    """A worker in this process."""

    def __init__(self, database_url: str) -> None:
        self.stopping = asyncio.Event()
        self.hurrying = asyncio.Event()
        self.task = asyncio.create_task(
            work(
                CoreSettings(),
                {},
                database_url=database_url,
                stopping=self.stopping,
                hurrying=self.hurrying,
            )
        )

    async def end(self) -> None:
        async with asyncio.timeout(WITHIN_S):
            await self.task


async def test_a_worker_has_its_lease_until_its_tasks_have_ended(
    database: Database, database_url: str, task: RecordingTask
) -> None:
    run = Run(database_url)
    await task.has_started.wait()
    assert await count_workers(database) == 1

    run.stopping.set()
    assert await count_workers(database) == 1
    task.may_end.set()

    await run.end()
    assert await count_workers(database) == 0
    assert not task.was_canceled


async def test_a_hurried_worker_gives_up_the_work_in_progress(
    database: Database, database_url: str, task: RecordingTask
) -> None:
    run = Run(database_url)
    await task.has_started.wait()

    run.stopping.set()
    run.hurrying.set()

    await run.end()
    assert task.was_canceled
    assert await count_workers(database) == 0


async def test_tasks_are_canceled_after_the_grace_period(
    database_url: str, task: RecordingTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "STOP_GRACE_PERIOD_S", 0.05)
    run = Run(database_url)
    await task.has_started.wait()

    run.stopping.set()

    await run.end()
    assert task.was_canceled


async def test_a_failing_task_ends_the_worker(database: Database, database_url: str, task: RecordingTask) -> None:
    task.error = RuntimeError("a bug")
    task.may_end.set()
    run = Run(database_url)
    await task.has_started.wait()

    run.stopping.set()

    with pytest.raises(ExceptionGroup) as caught:
        await run.end()
    assert caught.group_contains(RuntimeError, match="a bug")
    assert await count_workers(database) == 0


async def test_a_worker_whose_lease_was_deleted_ends(
    database: Database, database_url: str, task: RecordingTask
) -> None:
    run = Run(database_url)
    await task.has_started.wait()

    async with database.connection() as connection:
        await connection.execute("DELETE FROM queue.worker")

    with pytest.raises(ExceptionGroup) as caught:
        await run.end()
    assert caught.group_contains(LeaseLostError)
    assert task.was_canceled


async def test_a_worker_does_not_start_with_pending_migrations(empty_database_url: str, task: RecordingTask) -> None:
    with pytest.raises(SettingError, match="ninefold migrate"):
        await Run(empty_database_url).end()

    assert not task.has_started.is_set()


async def test_a_worker_does_not_start_without_a_database() -> None:
    with pytest.raises(DatabaseUnavailableError):
        await Run("postgresql://127.0.0.1:1/none").end()


async def test_a_connection_that_is_lost_at_the_start_is_reported_as_unavailable(
    database_url: str, task: RecordingTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        store, "worker_insert", AsyncMock(side_effect=asyncpg.ConnectionDoesNotExistError("connection was closed"))
    )

    with pytest.raises(DatabaseUnavailableError, match=r"is unavailable: connection was closed\."):
        await Run(database_url).end()

    assert not task.has_started.is_set()


async def count_workers(database: Database) -> int:
    async with database.connection() as connection:
        count: int = await connection.fetchval("SELECT count(*) FROM queue.worker")
        return count
