"""Reads the lines of a job's log, from its chunks or from its archive."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.blobs import Blobs, get_blob
from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.systems.workflows.fleet_errors import JobNotFoundError
from ninefold.systems.workflows.model.runs import JOB_PREFIX
from ninefold.systems.workflows.service.fleet.log_archive import part_with, unpack
from ninefold.systems.workflows.service.fleet.logs import ShownLine, decode_lines
from ninefold.systems.workflows.store import job_logs, leases, run_jobs
from ninefold.systems.workflows.store.job_logs import JobLog

PAGE_LINES_MAX: Final = 1_000
PAGE_BYTES_MAX: Final = 4 * 1024 * 1024
"""Of a page's text; a page with longer lines has fewer of them."""

CHUNKS_AT_ONCE: Final = 50


class LogPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some lines of a log."""

    lines: Sequence[ShownLine]
    is_complete: bool
    """Whether no line will come any more."""
    last_line: int
    """The number of the last line that there is; 0 if there is none."""


async def read_log(
    database: Database, blobs: Blobs, *, organisation_id: UUID, job_id: UUID, after: int, limit: int
) -> LogPage:
    """Return the lines after a line, at most `limit` and at most `PAGE_BYTES_MAX`.

    It opens its own short transactions, because an archive is read without one.

    Raises:
        JobNotFoundError: the organisation has no such job.
    """
    async with database.snapshot() as connection:
        lease = await leases.lease_find(connection, job_id=job_id)
        if lease is None or lease.organisation_id != organisation_id:
            raise JobNotFoundError(
                f"There is no job {format_id(JOB_PREFIX, job_id)}.",
                field="job_id",
                remedy="List the jobs of a run to find its id.",
            )
        job_id = await _origin_of(connection, job_id, organisation_id=organisation_id)
        log = await job_logs.job_log_find(connection, job_id=job_id)
        is_complete = lease.lease_expires_at is None and lease.status not in {"waiting", "queued"}
        if log is None:
            return LogPage(lines=(), is_complete=is_complete, last_line=0)
        if log.blob_id is None:
            lines = await _read_chunks(connection, job_id, after=after, limit=limit)
            return LogPage(lines=lines, is_complete=is_complete, last_line=log.last_line)
    lines = await _read_archive(database, blobs, log, after=after, limit=limit)
    return LogPage(lines=lines, is_complete=True, last_line=log.last_line)


async def log_text(database: Database, blobs: Blobs, *, organisation_id: UUID, job_id: UUID) -> AsyncIterator[bytes]:
    """Yield a log as text: each line with its time, as GitHub's raw logs have it."""
    after = 0
    while True:
        page = await read_log(
            database, blobs, organisation_id=organisation_id, job_id=job_id, after=after, limit=PAGE_LINES_MAX
        )
        if not page.lines:
            return
        yield "".join(map(_raw, page.lines)).encode(errors="replace")
        after = page.lines[-1].line


async def _origin_of(connection: Connection, job_id: UUID, *, organisation_id: UUID) -> UUID:
    """Return the job of an earlier attempt whose outcome and log a job has, or else the job itself."""
    job = await run_jobs.job_find(connection, organisation_id=organisation_id, job_id=job_id)
    return job_id if job is None or job.reused_job_id is None else job.reused_job_id


def _raw(line: ShownLine) -> str:
    at = line.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return f"{at} {line.text}\n"


async def _read_chunks(connection: Connection, job_id: UUID, *, after: int, limit: int) -> Sequence[ShownLine]:
    page = _PageOfLines(after=after, limit=limit)
    while not page.is_full:
        chunks = await job_logs.log_chunk_list(connection, job_id=job_id, after=page.last, limit=CHUNKS_AT_ONCE)
        for chunk in chunks:
            page.add(decode_lines(chunk.content))
        if len(chunks) < CHUNKS_AT_ONCE:
            break
    return page.lines


async def _read_archive(
    database: Database, blobs: Blobs, log: JobLog, *, after: int, limit: int
) -> Sequence[ShownLine]:
    assert log.blob_id is not None, "the log is archived"
    places = log.parts or ()
    async with database.connection() as connection:
        blob = await get_blob(connection, log.blob_id, organisation_id=log.organisation_id)
    page = _PageOfLines(after=after, limit=limit)
    for _, start, end in places[part_with(places, after + 1) :]:
        if page.is_full:
            break
        page.add(unpack(b"".join([piece async for piece in blobs.read(blob, start=start, end=end)])))
    return page.lines


class _PageOfLines:
    def __init__(self, *, after: int, limit: int) -> None:
        self.lines: list[ShownLine] = []
        self._limit = limit
        self.last = after
        self._size = 0
        self.is_full = limit <= 0

    def add(self, lines: Sequence[ShownLine]) -> None:
        """Take those lines that belong to the page."""
        for line in lines:
            if self.is_full or line.line <= self.last:
                continue
            self.lines.append(line)
            self.last = line.line
            self._size += len(line.text)
            self.is_full = len(self.lines) >= self._limit or self._size >= PAGE_BYTES_MAX
