"""What is made of a title: rungs, chunks, segments, and the tasks that make them."""

from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

import msgspec


class TaskKind(StrEnum):
    """What is to be done."""

    SPLIT = "split"
    """To read the source, and cut it into chunks and sound."""
    ENCODE = "encode"
    """To encode a chunk for a rung."""
    PICTURES = "pictures"
    """To make the poster and the small pictures."""
    SCORE = "score"
    """To compare an encoded chunk to its source."""


class TaskStatus(StrEnum):
    """How far a task is. The last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    RETRYING = "retrying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `video.task`, with the same names."""

    task_id: UUID
    organisation_id: UUID
    title_id: UUID
    kind: TaskKind
    rung: str | None
    chunk_number: int | None
    status: TaskStatus
    urgency: int
    attempt_count: int
    run_at: datetime
    error: str | None
    leased_by: UUID | None
    started_at: datetime | None
    finished_at: datetime | None


class NewTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task to be queued."""

    kind: TaskKind
    rung: str | None = None
    chunk_number: int | None = None
    urgency: int


class RungRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `video.rung`, with the same names."""

    title_id: UUID
    name: str
    kind: Literal["video", "audio"]
    position: int
    width: int | None
    height: int | None
    level: str | None
    bitrate_max: int
    bitrate_mean: int | None
    codecs: str | None
    frame_rate: float | None
    timescale: int
    init: bytes | None
    vmaf: float | None
    scored_chunks: int = 0


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `video.chunk`, with the same names."""

    title_id: UUID
    number: int
    start_us: int
    duration_us: int
    first_segment: int
    starts: list[int]
    end_tick: int
    times: list[int]
    has_leading: bool
    needs_next: bool
    sha256: bytes
    blob_id: UUID | None
    is_damaged: bool = False


class SegmentRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `video.segment`, with the same names."""

    title_id: UUID
    rung: str
    number: int
    chunk_number: int | None
    start: int
    duration: int
    blob_id: UUID
    first_byte: int
    size_bytes: int


class SpriteSheet(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `video.sprite_sheet`, with the same names."""

    title_id: UUID
    number: int
    blob_id: UUID
    start_us: int
    interval_us: int
    pictures: int
    columns: int
    width: int
    height: int


class TaskNote(msgspec.Struct, frozen=True, kw_only=True):
    """What had to be done again, and why."""

    at: datetime
    rung: str | None
    chunk_number: int | None
    text: str


class LadderChunk(msgspec.Struct, frozen=True, kw_only=True):
    """A chunk as people see it."""

    number: int
    start_s: float
    duration_s: float


class LadderRung(msgspec.Struct, frozen=True, kw_only=True):
    """A rung as people see it."""

    name: str
    kind: Literal["video", "audio"]
    position: int
    width: int | None
    height: int | None
    bitrate_max: int
    bitrate_mean: int | None
    codecs: str | None
    vmaf: float | None
    segments_ready: int
    ready_until_s: float
    """How far it can be played without a gap."""
    is_complete: bool
    states: str
    """One letter for each chunk: r ready, e encoding, a again, q queued, f failed; empty for the sound."""


class Ladder(msgspec.Struct, frozen=True, kw_only=True):
    """How far all rungs of a title are."""

    title_id: UUID
    chunks: list[LadderChunk]
    chunks_ready: int
    """Those that all rungs have."""
    rungs: list[LadderRung]
    notes: list[TaskNote]
    uploaded_until_s: float | None
    """Up to where the source is known to have come."""
    eta_s: float | None
    """What is left, at the speed so far; None if that can't be known."""
    is_final: bool
