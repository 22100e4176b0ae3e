"""Queries for tasks: the queue of what is to be done for titles."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.video.model.transcoding import NewTask, Task, TaskKind, TaskStatus
from ninefold.systems.video.store.queries import queries


async def task_claim(
    connection: Connection, *, worker_id: UUID, kinds: Collection[TaskKind], at: datetime
) -> Task | None:
    """Claim the most urgent task of the organisation that has the fewest running; None if nothing is due."""
    record = await queries.task_claim(connection, worker_id=worker_id, kinds=list(kinds), at=at)
    return None if record is None else _task(record)


async def task_count_unfinished(connection: Connection, title_id: UUID) -> int:
    """Count what is still to be done before a title is ready."""
    return int(await queries.task_count_unfinished(connection, title_id=title_id))


async def task_count_unfinished_of_rung(connection: Connection, title_id: UUID, *, rung: str) -> int:
    """Count what is still to be done before a rung of a title is whole."""
    return int(await queries.task_count_unfinished_of_rung(connection, title_id=title_id, rung=rung))


async def task_count_waiting(connection: Connection, /, *, limit: int) -> int:
    """Count the tasks that are due or will be, up to a limit."""
    return int(await queries.task_count_waiting(connection, limit=limit))


async def task_fail(connection: Connection, task: Task, *, error: str, at: datetime) -> None:
    """End a task that can't be done."""
    await queries.task_fail(connection, task_id=task.task_id, worker_id=task.leased_by, error=error, at=at)


async def task_finish(connection: Connection, task: Task, *, at: datetime) -> bool:
    """End a task that was done; return False if its worker doesn't hold it any more."""
    record = await queries.task_finish(connection, task_id=task.task_id, worker_id=task.leased_by, at=at)
    return record is not None


async def task_insert_many(
    connection: Connection, title_id: UUID, tasks: Sequence[NewTask], *, organisation_id: UUID
) -> None:
    """Queue tasks of a title that aren't there yet."""
    await queries.task_insert_many(
        connection,
        title_id=title_id,
        organisation_id=organisation_id,
        task_ids=[new_id() for _ in tasks],
        kinds=[task.kind for task in tasks],
        rungs=[task.rung for task in tasks],
        chunk_numbers=[task.chunk_number for task in tasks],
        urgencies=[task.urgency for task in tasks],
    )


async def task_list_held(connection: Connection, *, worker_id: UUID) -> set[UUID]:
    """Read which tasks a worker holds."""
    return {record["task_id"] async for record in queries.task_list_held(connection, worker_id=worker_id)}


async def task_list_of_chunks(connection: Connection, title_id: UUID) -> list[Task]:
    """Read the tasks of a title that encode chunks."""
    return [_task(record) async for record in queries.task_list_of_chunks(connection, title_id=title_id)]


async def task_list_speeds(connection: Connection, title_id: UUID) -> dict[str, float]:
    """Read how many seconds each rung took for a second of the title."""
    records = queries.task_list_speeds(connection, title_id=title_id)
    return {record["rung"]: record["took_s"] / record["duration_s"] async for record in records}


async def task_release(connection: Connection, *, worker_ids: Sequence[UUID]) -> None:
    """Queue what workers have held again."""
    await queries.task_release(connection, worker_ids=worker_ids)


async def task_release_unknown(connection: Connection, /, *, worker_id: UUID, known_ids: Collection[UUID]) -> None:
    """Queue what a worker holds and doesn't know of again."""
    await queries.task_release_unknown(connection, worker_id=worker_id, known_ids=list(known_ids))


async def task_retry(connection: Connection, task: Task, *, error: str | None, run_at: datetime) -> None:
    """Queue a task again, for later."""
    await queries.task_retry(connection, task_id=task.task_id, worker_id=task.leased_by, error=error, run_at=run_at)


def _task(record: Any) -> Task:
    columns = dict(record)
    columns["kind"] = TaskKind(columns["kind"])
    columns["status"] = TaskStatus(columns["status"])
    return Task(**columns)
