"""Queries for the logs of jobs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.store.queries import queries, read_row

PartPlaces = tuple[tuple[int, int, int], ...]
"""Of each part of an archive: its first line, and where it starts and ends in the blob."""

_decode_parts = msgspec.json.Decoder(PartPlaces).decode
_encode = msgspec.json.Encoder().encode


class JobLog(msgspec.Struct, frozen=True, kw_only=True):
    """What a runner has said about a job: up to which batch, and how long the log is."""

    job_id: UUID
    organisation_id: UUID
    lease_number: int
    last_batch: int
    last_line: int
    size_bytes: int
    dropped_lines: int
    ended_at: datetime | None
    finished_lease: int | None
    blob_id: UUID | None
    parts: PartPlaces | None


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of a log, as JSON."""

    last_line: int
    lines: int
    content: bytes


class LogPosition(msgspec.Struct, frozen=True, kw_only=True):
    """Up to where a log goes."""

    last_line: int
    is_archived: bool


async def job_log_archive(connection: Connection, *, job_id: UUID, blob_id: UUID, parts: PartPlaces) -> None:
    """Note where a log is kept from now on."""
    await queries.job_log_archive(connection, job_id=job_id, blob_id=blob_id, parts=_encode(parts).decode())


async def job_log_begin(connection: Connection, *, job_id: UUID, organisation_id: UUID, lease_number: int) -> None:
    """Begin the log of a job; if its runner only asks a second time, the log stays as it is."""
    await queries.job_log_begin(connection, job_id=job_id, organisation_id=organisation_id, lease_number=lease_number)


async def job_log_end(connection: Connection, *, job_id: UUID, finished_lease: int | None) -> None:
    """Note that nothing more comes for a log."""
    await queries.job_log_end(connection, job_id=job_id, finished_lease=finished_lease)


async def job_log_find(connection: Connection, *, job_id: UUID) -> JobLog | None:
    """Find the log of a job."""
    return _read_log(await queries.job_log_find(connection, job_id=job_id))


async def job_log_grow(
    connection: Connection, *, job_id: UUID, last_batch: int, last_line: int, size_bytes: int, dropped_lines: int
) -> None:
    """Note what a batch has added."""
    await queries.job_log_grow(
        connection,
        job_id=job_id,
        last_batch=last_batch,
        last_line=last_line,
        size_bytes=size_bytes,
        dropped_lines=dropped_lines,
    )


async def job_log_list_positions(connection: Connection, *, job_ids: Sequence[UUID]) -> Mapping[UUID, LogPosition]:
    """List up to where logs go, and whether they are archived."""
    rows = queries.job_log_list_positions(connection, job_ids=job_ids)
    return {row["job_id"]: read_row(LogPosition, row) async for row in rows}


async def job_log_list_to_archive(connection: Connection, *, before: datetime, limit: int) -> list[JobLog]:
    """List logs that ended before a time and aren't archived."""
    rows = queries.job_log_list_to_archive(connection, before=before, limit=limit)
    return [log async for row in rows if (log := _read_log(row)) is not None]


async def job_log_lock(connection: Connection, *, job_id: UUID) -> JobLog | None:
    """Lock the log of a job."""
    return _read_log(await queries.job_log_lock(connection, job_id=job_id))


async def log_chunk_delete(connection: Connection, *, job_id: UUID) -> None:
    """Delete the lines of a log that is archived."""
    await queries.log_chunk_delete(connection, job_id=job_id)


async def log_chunk_insert(connection: Connection, *, job_id: UUID, last_line: int, lines: int, content: bytes) -> None:
    """Add lines to a log."""
    await queries.log_chunk_insert(connection, job_id=job_id, last_line=last_line, lines=lines, content=content)


async def log_chunk_list(connection: Connection, *, job_id: UUID, after: int, limit: int) -> list[Chunk]:
    """List the lines of a log after one of them, in chunks."""
    rows = queries.log_chunk_list(connection, job_id=job_id, after=after, limit=limit)
    return [read_row(Chunk, row) async for row in rows]


async def log_chunk_list_of_logs(
    connection: Connection, *, after: Mapping[UUID, int], limit: int
) -> dict[UUID, list[tuple[int, bytes]]]:
    """List the next lines of several logs, in chunks: each with its last line."""
    rows = queries.log_chunk_list_of_logs(connection, job_ids=list(after), offsets=list(after.values()), limit=limit)
    found: dict[UUID, list[tuple[int, bytes]]] = {}
    async for row in rows:
        found.setdefault(row["job_id"], []).append((row["last_line"], row["content"]))
    return found


async def orphaned_log_take(connection: Connection, *, limit: int) -> list[tuple[UUID, UUID]]:
    """Take archives whose job is deleted, with their organisations, to delete their blobs in the same transaction."""
    return [
        (row["blob_id"], row["organisation_id"]) async for row in queries.orphaned_log_take(connection, limit=limit)
    ]


# `row` is one of asyncpg's records, which are untyped.
def _read_log(row: object) -> JobLog | None:
    if row is None:
        return None
    fields = dict(row)  # type: ignore[call-overload]  # a record is a mapping.
    if fields["parts"] is not None:
        fields["parts"] = _decode_parts(fields["parts"])
    return JobLog(**fields)
