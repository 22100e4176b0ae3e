"""Removes the files of titles: of those that were deleted or canceled, and sources whose time is over."""

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from ninefold.core.blobs import delete_blob
from ninefold.core.jobs import JobKind, enqueue
from ninefold.core.postgres.database import Connection
from ninefold.systems.video.model.removal import RemoveTitle
from ninefold.systems.video.store import leftovers, titles

REMOVE_TITLE: Final = JobKind(name="video.remove_title", payload=RemoveTitle, timeout_s=3_600.0)

BATCH: Final = 200
"""Blobs that one transaction deletes."""

_TAKES: Final[tuple[Callable[..., Awaitable[list[UUID | None]]], ...]] = (
    leftovers.leftover_take_sources,
    leftovers.leftover_take_chunks,
    leftovers.leftover_take_segments,
    leftovers.leftover_take_pictures,
    leftovers.leftover_take_poster,
)


async def remove_title_later(connection: Connection, title_id: UUID, *, organisation_id: UUID) -> None:
    """Have a worker remove what a title that was canceled or deleted has."""
    await enqueue(connection, REMOVE_TITLE, RemoveTitle(title_id=title_id), organisation_id=organisation_id)


async def remove_files(connection: Connection, title_id: UUID) -> int:
    """Delete a batch of the files of a title that was canceled or deleted; return how many. None are left after 0."""
    title = await titles.title_lock(connection, title_id)
    if title is None or (title.status != "canceled" and title.deleted_at is None):
        return 0
    for take in _TAKES:
        taken = await take(connection, title_id, limit=BATCH)
        await _delete(connection, taken, organisation_id=title.organisation_id)
        if taken:
            return len(taken)
    await leftovers.leftover_delete_rows(connection, title_id)
    return 0


async def remove_source(connection: Connection, title_id: UUID) -> int:
    """Delete a batch of the source of a title that has ended; return how many parts."""
    title = await titles.title_lock(connection, title_id)
    if title is None or not title.is_ended:
        return 0
    taken = await leftovers.leftover_take_sources(connection, title_id, limit=BATCH)
    await _delete(connection, taken, organisation_id=title.organisation_id)
    return len(taken)


async def _delete(connection: Connection, blob_ids: list[UUID | None], *, organisation_id: UUID) -> None:
    for blob_id in blob_ids:
        if blob_id is not None:
            await delete_blob(connection, blob_id, organisation_id=organisation_id)
