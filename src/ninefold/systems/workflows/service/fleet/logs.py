"""The logs of jobs: lines are committed in small chunks, which the live feed shows as they are."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import InvalidIdError, format_id, parse_id
from ninefold.core.live import Channel, Cursor, Entry, Feed, Position
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.model import Principal
from ninefold.systems.workflows.model.runs import JOB_PREFIX
from ninefold.systems.workflows.service.fleet.protocol import LINE_BYTES_MAX, Line
from ninefold.systems.workflows.store import job_logs, leases
from ninefold.systems.workflows.store.job_logs import JobLog

LOG_PATTERN: Final = "workflows.log:{job_id}"

CUT_OFF: Final = " … (the rest of the line was cut off)"

_encode: Final = msgspec.json.Encoder().encode


class ShownLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A line of a job's log, as clients get it."""

    line: int
    """From 1."""
    step: int
    """The number of its step."""
    at: datetime
    text: str


class ChunkOfLines(msgspec.Struct, frozen=True, kw_only=True):
    """Lines that follow each other."""

    lines: Sequence[ShownLine]


def log_channel(job_id: UUID) -> str:
    """Return the name of the live channel of a job's log."""
    return f"workflows.log:{format_id(JOB_PREFIX, job_id)}"


def log_feed() -> Feed:
    """Return the feed of jobs' logs: the offset of an entry is that of its last line."""
    return Feed(pattern=LOG_PATTERN, may_read=_may_read, read_positions=_read_positions, read_after=_read_after)


async def add_lines(connection: Connection, log: JobLog, lines: Sequence[Line], *, batch: int, size_max: int) -> None:
    """Add the lines of a batch to a log that is locked; those beyond its limit are dropped, and it says so once."""
    shown: list[ShownLine] = []
    size, dropped = log.size_bytes, log.dropped_lines
    for line in lines:
        text = _bounded(line.text)
        if dropped or size + len(text) > size_max:
            if not dropped:
                warning = f"##[warning]The log has reached its limit of {size_max:,} bytes; later lines aren't kept."
                shown.append(ShownLine(line=log.last_line + len(shown) + 1, step=line.step, at=line.at, text=warning))
            dropped += 1
            continue
        size += len(text)
        shown.append(ShownLine(line=log.last_line + len(shown) + 1, step=line.step, at=line.at, text=text))
    last_line = log.last_line + len(shown)
    if shown:
        await job_logs.log_chunk_insert(
            connection,
            job_id=log.job_id,
            last_line=last_line,
            lines=len(shown),
            content=_encode(ChunkOfLines(lines=shown)),
        )
    await job_logs.job_log_grow(
        connection,
        job_id=log.job_id,
        last_batch=batch,
        last_line=last_line,
        size_bytes=size,
        dropped_lines=dropped,
    )


def decode_lines(content: bytes) -> Sequence[ShownLine]:
    """Return the lines of a chunk."""
    return _read_chunk(content).lines


_read_chunk: Final = msgspec.json.Decoder(ChunkOfLines).decode


def _bounded(text: str) -> str:
    # PostgreSQL and browsers have no use for NUL, and a runner could send it.
    text = text.replace("\0", "")
    if len(text) <= LINE_BYTES_MAX // 4 or len(text.encode(errors="replace")) <= LINE_BYTES_MAX:
        return text
    return text.encode(errors="replace")[:LINE_BYTES_MAX].decode(errors="ignore") + CUT_OFF


def _job_in(channel: Channel) -> UUID | None:
    try:
        return parse_id(JOB_PREFIX, channel["job_id"])
    except InvalidIdError:
        return None


async def _may_read(connection: Connection, principal: Principal, channel: Channel) -> bool:
    job_id = _job_in(channel)
    if job_id is None:
        return False
    lease = await leases.lease_find(connection, job_id=job_id)
    return lease is not None and lease.organisation_id == principal.organisation_id


async def _read_positions(connection: Connection, channels: Sequence[Channel]) -> Mapping[str, Position]:
    names = {job_id: channel.name for channel in channels if (job_id := _job_in(channel)) is not None}
    found = await job_logs.job_log_list_positions(connection, job_ids=list(names))
    return {
        names[job_id]: Position(offset=log.last_line, offset_min=log.last_line if log.is_archived else 0)
        for job_id, log in found.items()
    }


async def _read_after(connection: Connection, cursors: Sequence[Cursor], limit: int) -> Mapping[str, Sequence[Entry]]:
    names = {job_id: cursor for cursor in cursors if (job_id := _job_in(cursor.channel)) is not None}
    found = await job_logs.log_chunk_list_of_logs(
        connection, after={job_id: cursor.offset for job_id, cursor in names.items()}, limit=limit
    )
    return {
        names[job_id].channel.name: [Entry(last_line, content) for last_line, content in chunks]
        for job_id, chunks in found.items()
    }
