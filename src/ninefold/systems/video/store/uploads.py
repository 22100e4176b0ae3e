"""Queries for uploads and the bytes that they have."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.video.model.uploads import SourcePart, SourceProgress, Upload
from ninefold.systems.video.store.queries import queries


async def upload_advance(
    connection: Connection,
    upload: Upload,
    *,
    writer_id: UUID,
    size_bytes: int,
    expires_at: datetime,
    at: datetime,
) -> Upload | None:
    """Count bytes that are committed with this transaction; None if the request may not append any more."""
    record = await queries.upload_advance(
        connection,
        upload_id=upload.upload_id,
        writer_id=writer_id,
        last_offset=upload.last_offset,
        size_bytes=size_bytes,
        expires_at=expires_at,
        at=at,
    )
    return _upload_or_none(record)


async def upload_claim(
    connection: Connection, upload_id: UUID, *, writer_id: UUID, seen_before: datetime, at: datetime
) -> Upload | None:
    """Let a request append; None if another one does that was seen since `seen_before`."""
    record = await queries.upload_claim(
        connection, upload_id=upload_id, writer_id=writer_id, seen_before=seen_before, at=at
    )
    return _upload_or_none(record)


async def upload_close(connection: Connection, upload_id: UUID, *, at: datetime) -> Upload | None:
    """Take no more bytes; None if the upload is complete or closed."""
    return _upload_or_none(await queries.upload_close(connection, upload_id=upload_id, at=at))


async def upload_find(connection: Connection, upload_id: UUID, *, organisation_id: UUID) -> Upload | None:
    """Read an upload of an organisation."""
    record = await queries.upload_find(connection, upload_id=upload_id, organisation_id=organisation_id)
    return _upload_or_none(record)


async def upload_find_by_title(connection: Connection, title_id: UUID) -> Upload | None:
    """Read the upload of a title."""
    return _upload_or_none(await queries.upload_find_by_title(connection, title_id=title_id))


async def upload_insert(
    connection: Connection,
    *,
    upload_id: UUID,
    organisation_id: UUID,
    title_id: UUID,
    length: int,
    metadata: str,
    created_at: datetime,
    expires_at: datetime,
) -> Upload:
    """Insert an upload."""
    record = await queries.upload_insert(
        connection,
        upload_id=upload_id,
        organisation_id=organisation_id,
        title_id=title_id,
        length=length,
        metadata=metadata,
        created_at=created_at,
        expires_at=expires_at,
    )
    return Upload(**record)


async def upload_keep_writer(connection: Connection, upload_id: UUID, *, writer_id: UUID, at: datetime) -> bool:
    """Note that the request that may append is still there; return whether it still may."""
    record = await queries.upload_keep_writer(connection, upload_id=upload_id, writer_id=writer_id, at=at)
    return record is not None


async def upload_list_by_titles(connection: Connection, title_ids: Collection[UUID]) -> dict[UUID, Upload]:
    """Read the uploads of titles, by title."""
    records = queries.upload_list_by_titles(connection, title_ids=list(title_ids))
    return {record["title_id"]: Upload(**record) async for record in records}


async def upload_list_expired(connection: Connection, *, at: datetime, limit: int) -> list[Upload]:
    """Read uploads that have expired."""
    return [Upload(**record) async for record in queries.upload_list_expired(connection, at=at, limit=limit)]


async def upload_release(connection: Connection, upload_id: UUID, *, writer_id: UUID) -> None:
    """Let others append."""
    await queries.upload_release(connection, upload_id=upload_id, writer_id=writer_id)


async def upload_take_from_writer(connection: Connection, upload_id: UUID, *, organisation_id: UUID) -> Upload | None:
    """Take the right to append from the request that has it, and read the upload."""
    record = await queries.upload_take_from_writer(connection, upload_id=upload_id, organisation_id=organisation_id)
    return _upload_or_none(record)


async def source_find(connection: Connection, upload_id: UUID) -> SourceProgress | None:
    """Read how far a source has come."""
    record = await queries.source_find(connection, upload_id=upload_id)
    return None if record is None else SourceProgress(**record)


async def source_lock(connection: Connection, upload_id: UUID) -> int | None:
    """Read how many bytes are committed, and keep more from being committed until the transaction ends."""
    record = await queries.source_lock(connection, upload_id=upload_id)
    return None if record is None else int(record["last_offset"])


async def source_part_insert(connection: Connection, upload_id: UUID, part: SourcePart) -> None:
    """Insert bytes of an upload."""
    await queries.source_part_insert(
        connection,
        upload_id=upload_id,
        first_byte=part.first_byte,
        size_bytes=part.size_bytes,
        blob_id=part.blob_id,
    )


async def source_part_list(connection: Connection, upload_id: UUID, *, start: int, limit: int) -> list[SourcePart]:
    """Read the parts that have the byte at `start` and those after it, in order."""
    records = queries.source_part_list(connection, upload_id=upload_id, start=start, limit=limit)
    return [SourcePart(**record) async for record in records]


def _upload_or_none(record: Any) -> Upload | None:
    return None if record is None else Upload(**record)
