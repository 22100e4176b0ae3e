"""The queries of schema `blobs`, one typed function each."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg

from ninefold.core.blobs.model import Blob, BlobAddress, BlobState, BlobUsage
from ninefold.core.postgres.database import Connection
from ninefold.core.postgres.queries import load_queries

_queries = load_queries(__package__)


async def blob_delete(connection: Connection, blob_id: UUID, *, organisation_id: UUID) -> bool:
    """Delete a blob, whether a row names it or not; return whether there was one."""
    record = await _queries.blob_delete(connection, blob_id=blob_id, organisation_id=organisation_id)
    return record is not None


async def blob_delete_of_organisation(connection: Connection, *, organisation_id: UUID) -> int:
    """Delete all blobs of an organisation; return how many."""
    count: int = await _queries.blob_delete_of_organisation(connection, organisation_id=organisation_id)
    return count


async def blob_exists(connection: Connection, *, organisation_id: UUID) -> bool:
    """Return whether an organisation has blobs, also deleted ones."""
    return bool(await _queries.blob_exists(connection, organisation_id=organisation_id))


async def blob_expire(connection: Connection, *, retention: timedelta, limit: int) -> int:
    """Delete blobs that no row has named in time; return how many."""
    records = _queries.blob_expire(connection, retention=retention, limit=limit)
    return len([record async for record in records])


async def blob_finish(
    connection: Connection, blob_id: UUID, *, size_bytes: int, sha256: bytes, reserved_bytes: int
) -> Blob | None:
    """Record what was uploaded; None if the blob was deleted in the meantime."""
    record = await _queries.blob_finish(
        connection, blob_id=blob_id, size_bytes=size_bytes, sha256=sha256, reserved_bytes=reserved_bytes
    )
    return None if record is None else _blob(record)


async def blob_get(connection: Connection, blob_id: UUID, *, organisation_id: UUID) -> Blob | None:
    """Return a stored blob."""
    record = await _queries.blob_get(connection, blob_id=blob_id, organisation_id=organisation_id)
    return None if record is None else _blob(record)


async def blob_insert(
    connection: Connection,
    address: BlobAddress,
    *,
    owner: str,
    content_type: str,
    reserved_bytes: int,
    limit_bytes: int,
) -> bool:
    """Add a pending blob and reserve its size; return whether that was within the organisation's limit."""
    record = await _queries.blob_insert(
        connection,
        blob_id=address.blob_id,
        organisation_id=address.organisation_id,
        owner=owner,
        content_type=content_type,
        reserved_bytes=reserved_bytes,
        limit_bytes=limit_bytes,
    )
    return record is not None


async def blob_keep(connection: Connection, blob_id: UUID, *, organisation_id: UUID) -> Blob | None:
    """Keep a pending blob; None if it isn't pending or uploaded."""
    record = await _queries.blob_keep(connection, blob_id=blob_id, organisation_id=organisation_id)
    return None if record is None else _blob(record)


async def blob_list_deleted(
    connection: Connection, *, delay: timedelta, organisation_id: UUID | None = None, limit: int
) -> list[BlobAddress]:
    """List blobs that were deleted at least `delay` ago, whose contents may still be there, oldest first."""
    records = _queries.blob_list_deleted(connection, delay=delay, organisation_id=organisation_id, limit=limit)
    return [BlobAddress(**record) async for record in records]


async def blob_remove(connection: Connection, *, blob_ids: Sequence[UUID]) -> int:
    """Remove the rows of deleted blobs whose contents are gone; return how many."""
    records = _queries.blob_remove(connection, blob_ids=blob_ids)
    return len([record async for record in records])


async def usage_delete(connection: Connection, *, organisation_id: UUID) -> None:
    """Delete what an organisation takes, when it has no blobs any more."""
    await _queries.usage_delete(connection, organisation_id=organisation_id)


async def usage_get(connection: Connection, *, organisation_id: UUID) -> BlobUsage:
    """Return what an organisation's blobs take."""
    record = await _queries.usage_get(connection, organisation_id=organisation_id)
    return BlobUsage(size_bytes=0, blob_count=0) if record is None else BlobUsage(**record)


def _blob(record: asyncpg.Record) -> Blob:
    return Blob(**{**record, "state": BlobState(record["state"])})
