"""Queries for the tasks of a title as a whole: what begins them, and what ends them all."""

from datetime import datetime
from uuid import UUID

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.video.store.queries import queries


async def split_insert(connection: Connection, title_id: UUID, *, organisation_id: UUID) -> None:
    """Have a source split; nothing if that is so."""
    await queries.split_insert(connection, task_id=new_id(), organisation_id=organisation_id, title_id=title_id)


async def split_resume(connection: Connection, title_id: UUID, *, at: datetime) -> bool:
    """Have a source split further that had stopped; return whether it had."""
    return await queries.split_resume(connection, title_id=title_id, at=at) is not None


async def unfinished_task_cancel(connection: Connection, title_id: UUID, *, at: datetime) -> None:
    """Cancel what was still to be done for a title."""
    await queries.unfinished_task_cancel(connection, title_id=title_id, at=at)


async def unfinished_task_retry(connection: Connection, title_id: UUID, *, at: datetime) -> int:
    """Queue what has failed or was canceled for a title again; return how many there were."""
    records = queries.unfinished_task_retry(connection, title_id=title_id, at=at)
    return len([record async for record in records])
