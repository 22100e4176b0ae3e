"""Queries that take the files of titles out of their rows, so that they can be removed."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.video.store.queries import queries


async def leftover_delete_rows(connection: Connection, title_id: UUID) -> None:
    """Delete a title that was deleted, with what belongs to it."""
    await queries.leftover_delete_rows(connection, title_id=title_id)


async def leftover_list_source_titles(connection: Connection, *, before: datetime, limit: int) -> list[UUID]:
    """Read titles that ended before a time, and still have their sources."""
    records = queries.leftover_list_source_titles(connection, before=before, limit=limit)
    return [record["title_id"] async for record in records]


async def leftover_list_titles(connection: Connection, *, before: datetime, limit: int) -> list[UUID]:
    """Read titles that ended before a time and were deleted, or canceled and still have files."""
    records = queries.leftover_list_titles(connection, before=before, limit=limit)
    return [record["title_id"] async for record in records]


async def leftover_take_chunks(connection: Connection, title_id: UUID, *, limit: int) -> list[UUID | None]:
    """Delete chunks; return their blobs, if they have some."""
    return await _blobs(queries.leftover_take_chunks(connection, title_id=title_id, limit=limit))


async def leftover_take_pictures(connection: Connection, title_id: UUID, *, limit: int) -> list[UUID | None]:
    """Delete sheets of small pictures; return their blobs."""
    return await _blobs(queries.leftover_take_pictures(connection, title_id=title_id, limit=limit))


async def leftover_take_poster(connection: Connection, title_id: UUID, *, limit: int) -> list[UUID | None]:
    """Forget the poster; return its blob."""
    del limit
    return await _blobs(queries.leftover_take_poster(connection, title_id=title_id))


async def leftover_take_segments(connection: Connection, title_id: UUID, *, limit: int) -> list[UUID | None]:
    """Delete the segments in so many blobs; return the blobs."""
    return await _blobs(queries.leftover_take_segments(connection, title_id=title_id, limit=limit))


async def leftover_take_sources(connection: Connection, title_id: UUID, *, limit: int) -> list[UUID | None]:
    """Delete parts of the source; return their blobs."""
    return await _blobs(queries.leftover_take_sources(connection, title_id=title_id, limit=limit))


async def _blobs(records: AsyncIterator[Any]) -> list[UUID | None]:
    return [record["blob_id"] async for record in records]
