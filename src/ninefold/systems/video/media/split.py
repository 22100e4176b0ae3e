"""Splits a source while it comes: into chunks at its keyframes, its sound, and the beginning of the lowest rung.

One process of ffmpeg reads the source once. It copies the packets of the picture into pieces (NUT, which keeps every
time as it is) and lists them (framecrc). It encodes the sound as a whole, so that it has no gaps at the ends of chunks.
And it encodes the first chunk for the lowest rung while its bytes arrive.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from ninefold.systems.video.media.audio import AudioSegmenter, WrittenSegment
from ninefold.systems.video.media.ffmpeg import QUIET, Ffmpeg, RunningFfmpeg, chunks_of, running
from ninefold.systems.video.media.filters import FRAGMENTED, UNTOUCHED, picture_filters, x264_arguments
from ninefold.systems.video.media.packets import read_packets
from ninefold.systems.video.media.probe import Probe
from ninefold.systems.video.media.sources import PacedSource, SourceInput
from ninefold.systems.video.packaging.boxes import BoxError, read_boxes
from ninefold.systems.video.packaging.fragments import Sample, read_fragment, write_segment
from ninefold.systems.video.packaging.inits import Init, read_init
from ninefold.systems.video.rules.chunking import Chunker, ChunkTimes
from ninefold.systems.video.rules.cutting import CHUNK_S, CHUNK_S_MIN, TOLERANCE_S, keyframe_expression, segment_starts
from ninefold.systems.video.rules.ladder import AUDIO_BITRATE, AUDIO_TIMESCALE, TIMESCALE, Rung

PIECES_WAITING_MAX: Final = 6
"""Pieces on the disk of the worker that aren't stored yet; while there are more, no more of the source is read."""

LIVE_S: Final = 8.0
"""How much of the first chunk is encoded at most while it comes."""

BOX_BYTES_MAX: Final = 64 * 1024 * 1024
SUBTITLES_MAX: Final = 8
_TOLERANCE: Final = round(TOLERANCE_S * TIMESCALE)


class SplitPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is made of a source."""

    probe: Probe
    lowest: Rung


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """The packets of a chunk, in a file that is deleted once it was taken."""

    path: Path
    times: ChunkTimes


class SplitSegment(msgspec.Struct, frozen=True, kw_only=True):
    """A segment that is ready: of the sound, or of the lowest rung's first chunk."""

    is_audio: bool
    init: Init
    segment: WrittenSegment


class SplitText(msgspec.Struct, frozen=True, kw_only=True):
    """Text of the source, as WebVTT."""

    language: str | None
    path: Path


SplitResult: TypeAlias = Piece | SplitSegment | SplitText
TakeResult: TypeAlias = Callable[[SplitResult], Awaitable[None]]


async def split_source(
    ffmpeg: Ffmpeg, source: SourceInput, paced: PacedSource, plan: SplitPlan, *, folder: Path, take: TakeResult
) -> None:
    """Split a source to its end. After that, the source says whether it is damaged.

    Args:
        ffmpeg: the program.
        source: as ffmpeg reads it.
        paced: the same source; stops while too many pieces wait.
        plan: what to make.
        folder: an empty one, for pieces.
        take: takes each result, one at a time. Of pieces, each comes after the one before it.

    Raises:
        FfmpegError: ffmpeg has failed, or its results don't fit together.
    """
    splitting = _Splitting(paced, plan, folder, take)
    count = 3 + (plan.probe.audio is not None)

    def make_arguments(pipes: Sequence[str]) -> Sequence[str]:
        return _arguments(source, plan, pipes)

    async with running(ffmpeg, make_arguments, pipes=count, folder=folder, is_fed=source.is_fed) as program:
        try:
            await _read_all(program, source, splitting)
        except ExceptionGroup as errors:
            raise await _cause(errors, program) from errors
        await program.check()
        source.is_damaged = source.is_damaged or program.has_found_damage
    for number, subtitle in enumerate(plan.probe.subtitles[:SUBTITLES_MAX]):
        await take(SplitText(language=subtitle.language, path=folder / f"subtitles{number}.vtt"))


async def _read_all(program: RunningFfmpeg, source: SourceInput, splitting: "_Splitting") -> None:
    async with asyncio.TaskGroup() as group:
        feeding = group.create_task(program.feed(source.chunks()))
        readers = [group.create_task(reading) for reading in splitting.readers(program)]
        await asyncio.wait(readers)
        feeding.cancel()


async def _cause(errors: "ExceptionGroup[Exception]", program: RunningFfmpeg) -> Exception:
    """Return the error that is the cause: what the source or the service says, and only then what ffmpeg wrote."""
    found = sorted(errors.exceptions, key=lambda error: isinstance(error, BoxError))
    return await program.explain(str(found[0])) if isinstance(found[0], BoxError) else found[0]


def _arguments(source: SourceInput, plan: SplitPlan, pipes: Sequence[str]) -> list[str]:
    probe = plan.probe
    picture = ["-map", f"0:{probe.video.index}"]
    to_pieces = [
        *("-f", "segment", "-segment_time", str(CHUNK_S), "-min_seg_duration", str(CHUNK_S_MIN)),
        *("-segment_format", "nut", "-segment_format_options", "avoid_negative_ts=disabled"),
        *("-avoid_negative_ts", "disabled", "-segment_list", pipes[0], "-segment_list_type", "csv", "%06d.nut"),
    ]
    copied = ["-c", "copy", "-map_metadata", "-1"]
    arguments = [*QUIET, *UNTOUCHED, *source.arguments]
    arguments += [*picture, *copied, *to_pieces]
    arguments += [*picture, *copied, "-avoid_negative_ts", "disabled", "-f", "framecrc", pipes[1]]
    arguments += [*picture, *_live(plan), pipes[2]]
    if probe.audio is not None:
        first = _rounded(probe.first_time * AUDIO_TIMESCALE)
        arguments += [
            *("-map", f"0:{probe.audio.index}", "-af", f"aresample={AUDIO_TIMESCALE}:async=1:first_pts={first}"),
            *("-ac", "2", "-c:a", "aac", "-b:a", str(AUDIO_BITRATE), "-frag_duration", "500000"),
            *FRAGMENTED,
            pipes[3],
        ]
    for number, subtitle in enumerate(probe.subtitles[:SUBTITLES_MAX]):
        arguments += ["-map", f"0:{subtitle.index}", "-c:s", "webvtt", "-f", "webvtt", f"subtitles{number}.vtt"]
    return arguments


def _live(plan: SplitPlan) -> list[str]:
    start_s = float(plan.probe.first_time)
    filters = [
        f"trim=start={start_s - TOLERANCE_S:.6f}:end={start_s + LIVE_S:.6f}",
        "setpts=PTS-STARTPTS",
        *picture_filters(plan.probe.video, width=plan.lowest.width, height=plan.lowest.height),
    ]
    keyframes = f"expr:{keyframe_expression()}"
    return ["-vf", ",".join(filters), *x264_arguments(plan.lowest, keyframes=keyframes), *FRAGMENTED]


def _rounded(number: Fraction) -> int:
    return int(number + Fraction(1, 2)) if number >= 0 else -int(Fraction(1, 2) - number)


class _Splitting:
    """What the readers of the process's outputs know together."""

    def __init__(self, paced: PacedSource, plan: SplitPlan, folder: Path, take: TakeResult) -> None:
        self._paced = paced
        self._plan = plan
        self._folder = folder
        self._take = take
        self._taking = asyncio.Lock()
        self._progress = asyncio.Condition()
        self._chunker: Chunker | None = None
        self._chunks: dict[int, ChunkTimes] = {}
        """Those that are complete, and not taken yet."""
        self._first: ChunkTimes | None = None
        self._is_listed = False
        """Whether the list of packets is complete."""

    def readers(self, program: RunningFfmpeg) -> list[Coroutine[None, None, None]]:
        """Return what reads each of the outputs to its end."""
        outputs = program.outputs
        readers = [self._read_pieces(outputs[0]), self._read_packets(outputs[1]), self._read_live(outputs[2])]
        return [*readers, self._read_audio(outputs[3])] if len(outputs) > 3 else readers  # noqa: PLR2004 - with sound.

    async def _read_packets(self, reader: asyncio.StreamReader) -> None:
        async for time_base, packet in read_packets(reader):
            if self._chunker is None:
                self._chunker = Chunker(time_base, zero=self._plan.probe.first_time)
            chunk = self._chunker.add(packet)
            await self._note([] if chunk is None else [chunk])
        await self._note([] if self._chunker is None else self._chunker.finish(), is_listed=True)

    async def _note(self, chunks: Sequence[ChunkTimes], *, is_listed: bool = False) -> None:
        for chunk in chunks:
            self._first = self._first or chunk
            self._chunks[chunk.number] = chunk
        if len(self._chunks) > PIECES_WAITING_MAX:
            self._paced.has_room.clear()
        self._is_listed = self._is_listed or is_listed
        async with self._progress:
            self._progress.notify_all()

    async def _read_pieces(self, reader: asyncio.StreamReader) -> None:
        number = 0
        while line := await reader.readline():
            name, start, _ = line.decode().strip().rsplit(",", 2)
            chunk = await self._wait_for_chunk(number)
            zero = self._plan.probe.first_time
            if abs(float(start) - float(zero) - chunk.start / TIMESCALE) > TOLERANCE_S and number > 0:
                raise BoxError(f"piece {number} begins at {start} s, and its packets at {chunk.start / TIMESCALE} s")
            path = self._folder / name
            async with self._taking:
                await self._take(Piece(path=path, times=chunk))
            del self._chunks[number]
            if len(self._chunks) <= PIECES_WAITING_MAX:
                self._paced.has_room.set()
            number += 1

    async def _wait_for_chunk(self, number: int) -> ChunkTimes:
        async with self._progress:
            await self._progress.wait_for(lambda: self._is_listed or number in self._chunks)
        if number not in self._chunks:
            raise BoxError(f"piece {number} has no packets")
        return self._chunks[number]

    async def _read_audio(self, reader: asyncio.StreamReader) -> None:
        segmenter, init = AudioSegmenter(), None
        async for init, samples in _fragments(reader):
            for segment in segmenter.add(samples):
                await self._take_segment(init, segment, is_audio=True)
        for segment in segmenter.finish():
            assert init is not None, "there are frames"
            await self._take_segment(init, segment, is_audio=True)

    async def _read_live(self, reader: asyncio.StreamReader) -> None:
        number, is_useful = 0, True
        async for init, samples in _fragments(reader):
            # What comes after the first chunk is only read.
            if is_useful:
                segment = await self._live_segment(number, samples)
                is_useful = segment is not None
                if segment is not None:
                    await self._take_segment(init, segment, is_audio=False)
            number += 1

    async def _live_segment(self, number: int, samples: Sequence[Sample]) -> WrittenSegment | None:
        """Return a fragment as a segment; None if the first chunk has none of this number, or ends with it."""
        async with self._progress:
            await self._progress.wait_for(
                lambda: self._first is not None or self._is_listed or len(self._live_starts()) > number + 1
            )
        starts = self._live_starts()
        if number + 1 >= len(starts):
            return None
        start, end = starts[number], starts[number + 1]
        if not samples[0].is_key or not all(start - _TOLERANCE <= sample.time < end for sample in samples):
            return None
        moved = [msgspec.structs.replace(sample, time=max(sample.time, start)) for sample in samples]
        return WrittenSegment(number, start, end, write_segment(number, moved, start=start, end=end))

    def _live_starts(self) -> list[int]:
        """Return where segments of the first chunk begin, as far as that is certain."""
        if self._first is not None:
            return segment_starts(self._first.times, end=self._first.end, is_first=True)
        times = [] if self._chunker is None else self._chunker.first_times()
        return segment_starts(times, end=self._chunker.reached, is_first=True) if times and self._chunker else []

    async def _take_segment(self, init: Init, segment: WrittenSegment, *, is_audio: bool) -> None:
        async with self._taking:
            await self._take(SplitSegment(is_audio=is_audio, init=init, segment=segment))


async def _fragments(reader: asyncio.StreamReader) -> AsyncIterator[tuple[Init, list[Sample]]]:
    init, moof = None, None
    async for box in read_boxes(chunks_of(reader), size_max=BOX_BYTES_MAX):
        if box.kind == b"moov":
            init = read_init(box.payload)
        elif box.kind == b"moof":
            moof = box.payload
        elif box.kind == b"mdat" and init is not None and moof is not None:
            samples = read_fragment(moof, box.payload, init.defaults)
            if samples:
                yield init, samples
