"""Encodes a chunk for a rung: fetches its packets, runs ffmpeg, and writes down the segments."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

from ninefold.core.blobs.model import Blob
from ninefold.core.postgres.database import Connection
from ninefold.core.system import WorkerContext
from ninefold.systems.video.jobs.files import put_file, save_blob, working_folder
from ninefold.systems.video.media.encode import EncodedChunk, EncodeOrder, encode_chunk
from ninefold.systems.video.media.errors import FfmpegError
from ninefold.systems.video.media.facts import probe_from_data
from ninefold.systems.video.media.ffmpeg import find_ffmpeg
from ninefold.systems.video.model.titles import Title
from ninefold.systems.video.model.transcoding import Chunk, RungRow, SegmentRow, Task
from ninefold.systems.video.rules.damage import says_damage
from ninefold.systems.video.rules.ladder import TIMESCALE, Rung
from ninefold.systems.video.service import metrics
from ninefold.systems.video.service.sources import SourceEndedError
from ninefold.systems.video.service.titles import lock_title
from ninefold.systems.video.service.transcoding import InitDiffersError, add_segments, finish_encode
from ninefold.systems.video.settings import VideoSettings
from ninefold.systems.video.store.ladder import chunk_find, rung_find
from ninefold.systems.video.store.titles import title_find

SEGMENT_OWNER: Final = "video.segment"
SEGMENT_TYPE: Final = "video/mp4"


class Encoder:
    """Does the tasks of the kind `encode`."""

    def __init__(self, context: WorkerContext[VideoSettings]) -> None:
        self._context = context

    async def encode(self, task: Task) -> None:
        """Encode one chunk for one rung.

        Raises:
            FfmpegError: it can't be encoded.
            SourceEndedError: its title has ended.
        """
        context, started_at = self._context, time.monotonic()
        ffmpeg = find_ffmpeg(context.settings.ffmpeg)
        async with context.database.connection() as connection:
            title, chunk, rung = await read_chunk(connection, task)
            following = await chunk_find(connection, task.title_id, chunk.number + 1) if chunk.needs_next else None
        with working_folder() as folder:
            pieces = await save_pieces(context, chunk, following, organisation_id=task.organisation_id, folder=folder)
            order = order_of(task, title, chunk, rung, pieces)
            encoded = await encode_chunk(ffmpeg, order, folder=folder)
            blob = await put_file(
                context,
                encoded.path,
                organisation_id=task.organisation_id,
                owner=SEGMENT_OWNER,
                content_type=SEGMENT_TYPE,
            )
        await self._write(task, chunk, encoded, blob)
        metrics.ENCODE_SPEED.labels(rung.name).observe(
            chunk.duration_us / 1_000_000 / max(time.monotonic() - started_at, 0.001)
        )

    async def _write(self, task: Task, chunk: Chunk, encoded: EncodedChunk, blob: Blob) -> None:
        assert task.rung is not None, "chunks are encoded for a rung"
        segments = [
            SegmentRow(
                title_id=task.title_id,
                rung=task.rung,
                number=segment.number,
                chunk_number=chunk.number,
                start=segment.start,
                duration=segment.duration,
                blob_id=blob.blob_id,
                first_byte=segment.first_byte,
                size_bytes=segment.size_bytes,
            )
            for segment in encoded.segments
        ]
        now = self._context.clock.now()
        async with self._context.database.transaction() as connection:
            title = await lock_title(connection, task.title_id)
            if title is None:
                raise SourceEndedError("The title has ended.")
            try:
                changed = await add_segments(
                    connection,
                    title,
                    segments,
                    init=encoded.init.data,
                    codecs=encoded.init.codecs,
                    timescale=TIMESCALE,
                    at=now,
                )
            except InitDiffersError as error:
                raise FfmpegError("the chunk has another initialization segment than those before it") from error
            is_damaged = encoded.is_damaged or says_damage(task.error or "")
            changed |= await finish_encode(connection, title, task, is_damaged=is_damaged, at=now)
        changed.notify(self._context.notifier)


async def read_chunk(connection: Connection, task: Task) -> tuple[Title, Chunk, RungRow]:
    """Return what a task is about.

    Raises:
        SourceEndedError: it isn't there any more.
    """
    assert task.rung is not None, "it is about a rung"
    assert task.chunk_number is not None, "it is about a chunk"
    title = await title_find(connection, task.title_id, organisation_id=task.organisation_id)
    chunk = await chunk_find(connection, task.title_id, task.chunk_number)
    rung = await rung_find(connection, task.title_id, task.rung)
    if title is None or chunk is None or rung is None:
        raise SourceEndedError("The title has ended.")
    return title, chunk, rung


def order_of(task: Task, title: Title, chunk: Chunk, rung: RungRow, pieces: Sequence[Path]) -> EncodeOrder:
    """Return how a chunk is encoded for a rung."""
    return EncodeOrder(
        rung=rung_of(rung),
        video=probe_from_data(title.source or {}).video,
        pieces=pieces,
        has_leading=chunk.has_leading,
        first_number=chunk.first_segment,
        starts=chunk.starts,
        end=chunk.end_tick,
        times=chunk.times,
        # What failed for its pictures would fail again.
        is_filled=task.error is not None and task.error.startswith(FfmpegError.what),
    )


async def save_pieces(
    context: WorkerContext[VideoSettings], chunk: Chunk, following: Chunk | None, *, organisation_id: UUID, folder: Path
) -> list[Path]:
    """Save the packets of a chunk, and those of the next one if it needs them."""
    paths = []
    for each in (chunk, following):
        if each is not None and each.blob_id is not None:
            path = folder / f"{each.number}.nut"
            await save_blob(context, each.blob_id, path, organisation_id=organisation_id)
            paths.append(path)
    if not paths:
        raise SourceEndedError("The packets of the chunk are gone.")
    return paths


def rung_of(row: RungRow) -> Rung:
    """Return a rung as encoders need it."""
    assert row.width is not None, "it has a picture"
    assert row.height is not None, "it has a picture"
    assert row.level is not None, "it has a picture"
    return Rung(
        name=row.name,
        position=row.position,
        width=row.width,
        height=row.height,
        bitrate_max=row.bitrate_max,
        level=row.level,
    )
