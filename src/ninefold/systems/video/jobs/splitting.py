"""Splits the source of a title while it is uploaded, and writes down what comes of it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final

import msgspec
import structlog

from ninefold.core.postgres.database import Connection
from ninefold.core.system import WorkerContext
from ninefold.systems.video.errors import NotVideoError
from ninefold.systems.video.jobs.encoding import SEGMENT_OWNER, SEGMENT_TYPE
from ninefold.systems.video.jobs.files import put_bytes, put_file, working_folder
from ninefold.systems.video.jobs.rung_rows import audio_row, video_row
from ninefold.systems.video.media.convert import ConvertedInput, needs_conversion
from ninefold.systems.video.media.errors import FfmpegError
from ninefold.systems.video.media.facts import probe_to_data
from ninefold.systems.video.media.ffmpeg import Ffmpeg, find_ffmpeg
from ninefold.systems.video.media.probe import Probe, probe_source
from ninefold.systems.video.media.serving import serving
from ninefold.systems.video.media.sources import PacedSource, SourceInput, has_index_at_end
from ninefold.systems.video.media.split import (
    Piece,
    SplitPlan,
    SplitResult,
    SplitSegment,
    SplitText,
    split_source,
)
from ninefold.systems.video.model.titles import SourceFacts, Title
from ninefold.systems.video.model.transcoding import Chunk, RungRow, SegmentRow, Task
from ninefold.systems.video.rules.cutting import segment_starts
from ninefold.systems.video.rules.ladder import (
    AUDIO_RUNG,
    AUDIO_TIMESCALE,
    TIMESCALE,
    ladder_of,
)
from ninefold.systems.video.service.channels import Changed
from ninefold.systems.video.service.sources import (
    SourceEndedError,
    SourceIdleError,
    SourceReader,
    SourceSignals,
    committed_bytes,
)
from ninefold.systems.video.service.titles import lock_title, title_noted, title_probed
from ninefold.systems.video.service.transcoding import (
    InitDiffersError,
    add_chunk,
    add_segments,
    add_text,
    begin_rungs,
    finish_split,
)
from ninefold.systems.video.settings import VideoSettings
from ninefold.systems.video.store.ladder import Reach, chunk_find, segment_list_reach
from ninefold.systems.video.store.tasks import task_finish, task_retry
from ninefold.systems.video.store.uploads import upload_find_by_title

IDLE_S: Final = 30.0
"""If no bytes come for so long, the task ends. The next bytes queue it again, and it begins at the first byte."""

PIECE_OWNER: Final = "video.chunk"
PIECE_TYPE: Final = "video/x-nut"
INDEX_AT_END: Final = (
    "Playable once the upload is complete: the file's index is at its end (ffmpeg -movflags +faststart puts it first)."
)

log = structlog.get_logger(__name__)


class UploadSource:
    """The bytes of an upload as `media` reads them; knows how far they were read."""

    def __init__(self, reader: SourceReader) -> None:
        self._reader = reader
        self.reached = 0

    @property
    def length(self) -> int:
        """How many bytes there will be."""
        return self._reader.length

    async def read(self, start: int, end: int) -> AsyncIterator[bytes]:
        """Yield bytes, as they come."""
        at = start
        async for piece in self._reader.read(start, end, idle_s=IDLE_S):
            at += len(piece)
            self.reached = max(self.reached, at)
            yield piece


class Splitter:
    """Does the tasks of the kind `split`."""

    def __init__(self, context: WorkerContext[VideoSettings], signals: SourceSignals) -> None:
        self._context = context
        self._signals = signals

    async def split(self, task: Task) -> None:
        """Split a source to its end, or until no bytes come.

        Raises:
            NotVideoError: it can't be shown.
            FfmpegError: it can't be read to its end.
            SourceEndedError: its upload or its title has ended.
        """
        ffmpeg = find_ffmpeg(self._context.settings.ffmpeg)
        async with self._context.database.connection() as connection:
            upload = await upload_find_by_title(connection, task.title_id)
        if upload is None:
            raise SourceEndedError("The upload is gone.")
        reader = await SourceReader.open(self._context.database, self._context.blobs, self._signals, upload.upload_id)
        source = UploadSource(reader)
        try:
            if not await has_index_at_end(source):
                paced = PacedSource(source)
                await self._split(task, ffmpeg, SourceInput(paced), paced, is_streamable=True)
            elif await self._is_complete(task, reader):
                paced = PacedSource(source)
                async with serving(paced) as served:
                    await self._split(task, ffmpeg, served, paced, is_streamable=False)
        except SourceIdleError:
            await self._put_off(task, reader, source)

    async def _is_complete(self, task: Task, reader: SourceReader) -> bool:
        """Return whether all bytes are there; if not, end the task: the last bytes queue it again."""
        async with self._context.database.transaction() as connection:
            title = await lock_title(connection, task.title_id)
            if title is None:
                raise SourceEndedError("The title has ended.")
            is_complete = await committed_bytes(connection, reader.upload_id) >= reader.length
            changed = await title_noted(connection, task.title_id, None if is_complete else INDEX_AT_END)
            if not is_complete:
                facts = SourceFacts(source=title.source or {}, is_streamable=False)
                changed |= await title_probed(connection, task.title_id, facts)
                await task_finish(connection, task, at=self._now())
        changed.notify(self._context.notifier)
        return is_complete

    async def _put_off(self, task: Task, reader: SourceReader, source: UploadSource) -> None:
        async with self._context.database.transaction() as connection:
            if await lock_title(connection, task.title_id) is None:
                return
            if await committed_bytes(connection, reader.upload_id) > source.reached:
                await task_retry(connection, task, error=None, run_at=self._now())
            else:
                await task_finish(connection, task, at=self._now())

    async def _split(
        self, task: Task, ffmpeg: Ffmpeg, source: SourceInput, paced: PacedSource, *, is_streamable: bool
    ) -> None:
        probe = await probe_source(ffmpeg, source)
        if needs_conversion(probe):
            source = ConvertedInput(ffmpeg, source, has_times=False)
            probe = await _probe_converted(ffmpeg, source, probe)
        writer = await self._begin(task, probe, is_streamable=is_streamable)
        try:
            await self._run(ffmpeg, source, paced, writer)
        except FfmpegError as error:
            if writer.count or isinstance(source, ConvertedInput):
                raise
            log.info("video.source.converted", error=str(error).splitlines()[-1])
            source = ConvertedInput(ffmpeg, source, has_times=True)
            probe = await _probe_converted(ffmpeg, source, probe)
            writer = await self._begin(task, probe, is_streamable=is_streamable)
            await self._run(ffmpeg, source, paced, writer)
        await writer.finish(is_damaged=source.is_damaged)

    async def _run(self, ffmpeg: Ffmpeg, source: SourceInput, paced: PacedSource, writer: "SplitWriter") -> None:
        with working_folder() as folder:
            await split_source(ffmpeg, source, paced, writer.plan, folder=folder, take=writer.take)

    async def _begin(self, task: Task, probe: Probe, *, is_streamable: bool) -> "SplitWriter":
        """Write down what was found in the source, and which rungs there will be."""
        self._check_limits(probe)
        width, height = probe.video.shown_size
        frame_rate = probe.video.frame_rate
        rungs = ladder_of(width, height, frame_rate=frame_rate, heights=self._context.settings.heights)
        rows = [video_row(task, rung, frame_rate) for rung in rungs]
        audio = [] if probe.audio is None else [audio_row(task)]
        facts = SourceFacts(
            source=probe_to_data(probe),
            is_streamable=is_streamable,
            duration_us=probe.duration_us,
            width=width,
            height=height,
        )
        async with self._context.database.transaction() as connection:
            title = await _locked(connection, task)
            changed = await begin_rungs(connection, title, facts, [*rows, *audio])
            reach = await segment_list_reach(connection, task.title_id)
        changed.notify(self._context.notifier)
        return SplitWriter(self._context, task, SplitPlan(probe=probe, lowest=rungs[0]), rows, reach)

    def _check_limits(self, probe: Probe) -> None:
        longest = self._context.settings.duration_s_max
        if probe.duration_us is not None and probe.duration_us > longest * 1_000_000:
            raise NotVideoError(
                f"The film has {probe.duration_us // 60_000_000:,} minutes, and {longest // 60:,} are allowed.",
                remedy="Upload it in parts, or raise NINEFOLD_VIDEO_DURATION_S_MAX.",
            )

    def _now(self) -> datetime:
        return self._context.clock.now()


class SplitWriter:
    """Writes down what comes of one source. What is there already, from an earlier attempt, stays."""

    def __init__(
        self,
        context: WorkerContext[VideoSettings],
        task: Task,
        plan: SplitPlan,
        rungs: Sequence[RungRow],
        reach: dict[str, Reach],
    ) -> None:
        self.plan: Final = plan
        self._context = context
        self._task = task
        self._rungs = rungs
        self._reach = reach
        self._last: Chunk | None = None
        self.count = 0
        """How many chunks there were."""
        self._next_segment = 0

    async def take(self, result: SplitResult) -> None:
        """Write a result down.

        Raises:
            SourceEndedError: the title has ended.
        """
        if isinstance(result, Piece):
            await self._take_piece(result)
        elif isinstance(result, SplitSegment):
            await self._take_segment(result)
        else:
            await self._take_text(result)

    async def finish(self, *, is_damaged: bool) -> None:
        """Write down that the source has no more, and whether something in it is damaged.

        Raises:
            NotVideoError: it had nothing.
        """
        if self._last is None:
            raise NotVideoError("The file has no picture that can be decoded.", remedy="Check that it plays.")
        async with self._context.database.transaction() as connection:
            title = await _locked(connection, self._task)
            changed = await finish_split(
                connection,
                title,
                self._task,
                last=self._last,
                rungs=self._rungs,
                is_damaged=is_damaged,
                at=self._context.clock.now(),
            )
        changed.notify(self._context.notifier)

    async def _take_piece(self, piece: Piece) -> None:
        times = piece.times
        starts = segment_starts(times.times, end=times.end, is_first=times.number == 0)
        async with self._context.database.connection() as connection:
            known = await chunk_find(connection, self._task.title_id, times.number)
        if known is None:
            known = await self._add(piece, starts)
        elif (known.starts, known.end_tick) != (starts, times.end):
            raise FfmpegError("the source was split at other places before")
        await asyncio.to_thread(piece.path.unlink)
        self._last = known
        self.count += 1
        self._next_segment = known.first_segment + len(known.starts)

    async def _add(self, piece: Piece, starts: list[int]) -> Chunk:
        times = piece.times
        blob = await put_file(
            self._context,
            piece.path,
            organisation_id=self._task.organisation_id,
            owner=PIECE_OWNER,
            content_type=PIECE_TYPE,
        )
        chunk = Chunk(
            title_id=self._task.title_id,
            number=times.number,
            start_us=_microseconds(times.start),
            duration_us=_microseconds(times.end) - _microseconds(times.start),
            first_segment=self._next_segment,
            starts=starts,
            end_tick=times.end,
            times=list(times.times),
            has_leading=times.has_leading,
            needs_next=times.needs_next,
            sha256=blob.sha256,
            blob_id=blob.blob_id,
        )
        async with self._context.database.transaction() as connection:
            title = await _locked(connection, self._task)
            changed = await add_chunk(connection, title, chunk, rungs=self._rungs, before=self._last)
        changed.notify(self._context.notifier)
        return chunk

    async def _take_segment(self, result: SplitSegment) -> None:
        rung = AUDIO_RUNG if result.is_audio else self._rungs[0].name
        segment = result.segment
        if rung in self._reach and segment.number < self._reach[rung].segments:
            return
        blob = await put_bytes(
            self._context,
            segment.data,
            organisation_id=self._task.organisation_id,
            owner=SEGMENT_OWNER,
            content_type=SEGMENT_TYPE,
        )
        row = SegmentRow(
            title_id=self._task.title_id,
            rung=rung,
            number=segment.number,
            chunk_number=None if result.is_audio else 0,
            start=segment.start,
            duration=segment.end - segment.start,
            blob_id=blob.blob_id,
            first_byte=0,
            size_bytes=len(segment.data),
        )
        changed = await self._write_segment(result, row)
        changed.notify(self._context.notifier)

    async def _take_text(self, text: SplitText) -> None:
        content = await asyncio.to_thread(text.path.read_bytes) if text.path.exists() else b""
        async with self._context.database.transaction() as connection:
            title = await _locked(connection, self._task)
            changed = await add_text(connection, title, language=text.language, content=content)
        changed.notify(self._context.notifier)

    async def _write_segment(self, result: SplitSegment, row: SegmentRow) -> Changed:
        async with self._context.database.transaction() as connection:
            title = await _locked(connection, self._task)
            try:
                return await add_segments(
                    connection,
                    title,
                    [row],
                    init=result.init.data,
                    codecs=result.init.codecs,
                    timescale=AUDIO_TIMESCALE if result.is_audio else TIMESCALE,
                    at=self._context.clock.now(),
                )
            except InitDiffersError as error:
                raise FfmpegError("the rung has another initialization segment than before") from error


async def _locked(connection: Connection, task: Task) -> Title:
    title = await lock_title(connection, task.title_id)
    if title is None:
        raise SourceEndedError("The title has ended.")
    return title


async def _probe_converted(ffmpeg: Ffmpeg, source: ConvertedInput, original: Probe) -> Probe:
    """Probe what comes of a source, which doesn't say how long it is."""
    return msgspec.structs.replace(await probe_source(ffmpeg, source), duration_us=original.duration_us)


def _microseconds(ticks: int) -> int:
    return round(ticks * 1_000_000 / TIMESCALE)
