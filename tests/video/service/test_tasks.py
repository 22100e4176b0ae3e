"""The queue of tasks: whose turn it is, and what becomes of those of a dead worker."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.systems.video.model.transcoding import NewTask, Task, TaskKind
from ninefold.systems.video.store.tasks import (
    task_claim,
    task_finish,
    task_insert_many,
    task_release,
    task_release_unknown,
    task_retry,
)

NOW = datetime.now(UTC) + timedelta(hours=1)
"""Later than when the tasks are inserted, which PostgreSQL says."""
WORKER = new_id()


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[Connection]:
    async with database.connection() as opened:
        yield opened


async def title_of(connection: Connection, organisation_id: UUID, *, chunks: int, start: int = 0) -> UUID:
    title_id = new_id()
    await connection.execute(
        "INSERT INTO video.title (title_id, organisation_id, name) VALUES ($1, $2, 'x')", title_id, organisation_id
    )
    new = [
        NewTask(kind=TaskKind.ENCODE, rung=rung, chunk_number=number, urgency=start + number * 4 + position * 30)
        for number in range(chunks)
        for position, rung in enumerate(("360p", "720p"))
    ]
    await task_insert_many(connection, title_id, new, organisation_id=organisation_id)
    await task_insert_many(connection, title_id, new, organisation_id=organisation_id)
    return title_id


async def claim(connection: Connection) -> Task | None:
    return await task_claim(connection, worker_id=WORKER, kinds=[TaskKind.ENCODE], at=NOW)


async def claim_all(connection: Connection, count: int) -> list[Task]:
    claimed = [await claim(connection) for _ in range(count)]
    return [task for task in claimed if task is not None]


async def test_the_lowest_rung_comes_first_and_stays_ahead(connection: Connection) -> None:
    await title_of(connection, new_id(), chunks=9)
    claimed = await claim_all(connection, 30)
    assert len(claimed) == 18
    order = [(task.rung, task.chunk_number) for task in claimed]
    assert order[:8] == [("360p", number) for number in range(8)]
    assert order[8:11] == [("720p", 0), ("360p", 8), ("720p", 1)]


async def test_organisations_take_turns_however_much_one_has_uploaded(connection: Connection) -> None:
    busy, quiet = new_id(), new_id()
    for _ in range(3):
        await title_of(connection, busy, chunks=20)
    first = await claim_all(connection, 4)
    await title_of(connection, quiet, chunks=4, start=1_000)
    later = await claim_all(connection, 4)
    assert [task.organisation_id for task in first] == [busy] * 4
    assert [task.organisation_id for task in later] == [quiet] * 4
    assert [task.organisation_id for task in await claim_all(connection, 4)].count(quiet) == 2


async def test_a_task_is_claimed_once_and_ended_by_who_holds_it(connection: Connection) -> None:
    await title_of(connection, new_id(), chunks=1)
    task = await claim(connection)
    assert task is not None
    assert (task.attempt_count, task.leased_by) == (1, WORKER)
    await task_release(connection, worker_ids=[WORKER])
    assert not await task_finish(connection, task, at=NOW)
    again = await claim(connection)
    assert again is not None
    assert (again.task_id, again.attempt_count, again.error) == (task.task_id, 2, "The worker that did it has ended.")
    assert await task_finish(connection, again, at=NOW)


async def test_a_task_that_is_retried_waits(connection: Connection) -> None:
    await title_of(connection, new_id(), chunks=1)
    first, second = await claim_all(connection, 3)
    await task_retry(connection, first, error="It broke.", run_at=NOW + timedelta(seconds=10))
    assert await claim(connection) is None
    later = await task_claim(connection, worker_id=WORKER, kinds=[TaskKind.ENCODE], at=NOW + timedelta(seconds=10))
    assert later is not None
    assert later.task_id == first.task_id
    await task_release_unknown(connection, worker_id=WORKER, known_ids=[second.task_id])
    again = await task_claim(connection, worker_id=WORKER, kinds=[TaskKind.ENCODE], at=NOW + timedelta(seconds=10))
    assert again is not None
    assert again.task_id == first.task_id
