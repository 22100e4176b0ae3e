"""Queries for the contents of artifacts and caches."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.model.results import Upload, UploadBlock
from ninefold.systems.workflows.store.queries import queries, read_row, read_row_or_none


class BlockSum(NamedTuple):
    """What the blocks of contents have together."""

    size_bytes: int
    blocks: int


async def upload_block_delete(
    connection: Connection, *, upload_id: UUID, names: Sequence[str] | None = None
) -> list[UUID]:
    """Remove blocks of contents, by default all; return their blobs."""
    rows = queries.upload_block_delete(connection, upload_id=upload_id, names=names)
    return [row["blob_id"] async for row in rows]


async def upload_block_list(connection: Connection, *, upload_id: UUID, limit: int) -> list[UploadBlock]:
    """Read the blocks of contents, in their order if they have one."""
    rows = queries.upload_block_list(connection, upload_id=upload_id, limit=limit)
    return [read_row(UploadBlock, row) async for row in rows]


async def upload_block_order(connection: Connection, *, upload_id: UUID, starts: Mapping[str, int]) -> None:
    """Say where the bytes of blocks begin in the contents."""
    await queries.upload_block_order(connection, upload_id=upload_id, names=list(starts), starts=list(starts.values()))


async def upload_block_put(
    connection: Connection, *, upload_id: UUID, block_name: str, blob_id: UUID, size_bytes: int
) -> None:
    """Insert a block."""
    await queries.upload_block_put(
        connection, upload_id=upload_id, block_name=block_name, blob_id=blob_id, size_bytes=size_bytes
    )


async def upload_block_sum(connection: Connection, *, upload_id: UUID) -> BlockSum:
    """Sum up the blocks of contents."""
    row = await queries.upload_block_sum(connection, upload_id=upload_id)
    return BlockSum(row["size_bytes"], row["blocks"])


async def upload_commit(
    connection: Connection,
    *,
    upload_id: UUID,
    committed_at: datetime,
    size_bytes: int,
    sha256: bytes,
) -> None:
    """Say what contents there are now."""
    await queries.upload_commit(
        connection,
        upload_id=upload_id,
        committed_at=committed_at,
        size_bytes=size_bytes,
        sha256=sha256,
    )


async def upload_delete(connection: Connection, *, upload_ids: Sequence[UUID], deleted_at: datetime) -> None:
    """Say that nothing names contents any more."""
    await queries.upload_delete(connection, upload_ids=upload_ids, deleted_at=deleted_at)


async def upload_find(connection: Connection, *, upload_id: UUID) -> Upload | None:
    """Read contents that weren't deleted."""
    return read_row_or_none(Upload, await queries.upload_find(connection, upload_id=upload_id))


async def upload_insert(
    connection: Connection,
    *,
    upload_id: UUID,
    organisation_id: UUID,
    repository_id: UUID,
    job_id: UUID,
    signing_key: bytes,
    bytes_max: int,
    content_type: str,
    created_at: datetime,
) -> None:
    """Insert contents without any block."""
    await queries.upload_insert(
        connection,
        upload_id=upload_id,
        organisation_id=organisation_id,
        repository_id=repository_id,
        job_id=job_id,
        signing_key=signing_key,
        bytes_max=bytes_max,
        content_type=content_type,
        created_at=created_at,
    )


async def upload_list_removable(connection: Connection, *, limit: int) -> list[tuple[UUID, UUID]]:
    """Lock contents that were deleted, oldest first; return each with its organisation."""
    rows = queries.upload_list_removable(connection, limit=limit)
    return [(row["upload_id"], row["organisation_id"]) async for row in rows]


async def upload_lock(connection: Connection, *, upload_id: UUID) -> Upload | None:
    """Lock contents that weren't deleted, if their job still runs."""
    return read_row_or_none(Upload, await queries.upload_lock(connection, upload_id=upload_id))


async def upload_remove(connection: Connection, *, upload_id: UUID) -> None:
    """Remove the row of contents whose blocks are gone."""
    await queries.upload_remove(connection, upload_id=upload_id)
