"""Encodes a chunk for a rung: one process of ffmpeg, whose fragments become segments that fit into the timeline."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from ninefold.systems.video.media.errors import FfmpegTimeoutError
from ninefold.systems.video.media.ffmpeg import QUIET, Ffmpeg, RunningFfmpeg, chunks_of, running
from ninefold.systems.video.media.filters import FRAGMENTED, UNTOUCHED, picture_filters, x264_arguments
from ninefold.systems.video.media.probe import VideoStream
from ninefold.systems.video.packaging.boxes import BoxError, read_boxes
from ninefold.systems.video.packaging.fragments import Sample, read_fragment, write_segment
from ninefold.systems.video.packaging.inits import Init, read_init
from ninefold.systems.video.rules.cutting import TOLERANCE_S
from ninefold.systems.video.rules.ladder import TIMESCALE, Rung

TIMEOUT_S: Final = 1_800.0
BOX_BYTES_MAX: Final = 256 * 1024 * 1024
_TOLERANCE: Final = round(TOLERANCE_S * TIMESCALE)


class EncodeOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A chunk to encode. Times are in ticks from the beginning of the title."""

    rung: Rung
    video: VideoStream
    pieces: Sequence[Path]
    """The packets of the chunk, and those of the next one if it needs them; all in one folder."""
    has_leading: bool
    """Whether the packets begin with pictures of the chunk before it."""
    first_number: int
    """The number of its first segment in the title."""
    starts: Sequence[int]
    """Where its segments begin."""
    end: int
    times: Sequence[int]
    """When its pictures are shown."""
    is_filled: bool = False
    """Whether pictures that can't be decoded are replaced by the ones before them."""


class EncodedSegment(msgspec.Struct, frozen=True, kw_only=True):
    """A segment in the file that was written."""

    number: int
    start: int
    duration: int
    first_byte: int
    size_bytes: int


class EncodedChunk(msgspec.Struct, frozen=True, kw_only=True):
    """What a chunk has become."""

    init: Init
    path: Path
    segments: list[EncodedSegment]
    frames: int
    is_damaged: bool = False
    """Whether its packets are damaged."""


async def encode_chunk(ffmpeg: Ffmpeg, order: EncodeOrder, *, folder: Path) -> EncodedChunk:
    """Encode a chunk into a file of `folder`.

    Raises:
        FfmpegError: ffmpeg has failed, took too long, or its pictures aren't those that were expected.
    """

    def make_arguments(pipes: Sequence[str]) -> Sequence[str]:
        return [*QUIET, *source_input(order, folder), *_output(order), pipes[0]]

    async with running(ffmpeg, make_arguments, pipes=1, folder=folder) as program:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                chunk = await _write(program, order, folder)
                await program.check()
                # Pictures of the chunk before can't be decoded without it, and aren't shown.
                is_damaged = program.has_found_damage and not order.has_leading
        except TimeoutError as error:
            raise FfmpegTimeoutError(program.said()) from error
        except BoxError as error:
            raise await program.explain(str(error)) from error
    return msgspec.structs.replace(chunk, is_damaged=is_damaged)


def source_input(order: EncodeOrder, folder: Path) -> list[str]:
    """Return ffmpeg's arguments that name the packets of a chunk."""
    if len(order.pieces) == 1:
        return [*UNTOUCHED, "-i", str(order.pieces[0])]
    playlist = folder / "pieces.ffconcat"
    first, following = order.pieces
    duration_s = (order.end - order.starts[0]) / TIMESCALE
    playlist.write_text(f"ffconcat version 1.0\nfile '{first}'\nduration {duration_s:.6f}\nfile '{following}'\n")
    return [*UNTOUCHED, "-f", "concat", "-safe", "0", "-i", str(playlist)]


def source_filters(order: EncodeOrder) -> list[str]:
    """Return filters that let only the pictures of the chunk through, the first one at the time 0."""
    filters = []
    if order.has_leading:
        # The pictures before the first keyframe are those of the chunk before.
        filters.append("select='if(key,st(0,1));ld(0)'")
    filters += [f"trim=end_frame={len(order.times)}", "setpts=PTS-STARTPTS"]
    if order.is_filled:
        rate, duration_s = order.video.frame_rate or 25.0, (order.end - order.starts[0]) / TIMESCALE
        filters += [f"fps={rate}", f"tpad=stop_mode=clone:stop_duration={duration_s:.6f}", f"trim=end={duration_s:.6f}"]
    return filters


def _output(order: EncodeOrder) -> list[str]:
    rung, start = order.rung, order.starts[0]
    filters = [*source_filters(order), *picture_filters(order.video, width=rung.width, height=rung.height)]
    keyframes = ",".join(f"{max((time - start) / TIMESCALE - TOLERANCE_S, 0):.6f}" for time in order.starts)
    return ["-map", "0:v:0", "-vf", ",".join(filters), *x264_arguments(rung, keyframes=keyframes), *FRAGMENTED]


async def _write(program: RunningFfmpeg, order: EncodeOrder, folder: Path) -> EncodedChunk:
    path = folder / f"{order.rung.name}.m4s"
    writer = _SegmentWriter(order, path)
    try:
        moof = None
        async for box in read_boxes(chunks_of(program.outputs[0]), size_max=BOX_BYTES_MAX):
            if box.kind == b"moov":
                writer.init = read_init(box.payload)
            elif box.kind == b"moof":
                moof = box.payload
            elif box.kind == b"mdat" and moof is not None:
                writer.add(moof, box.payload)
        return writer.finish()
    finally:
        writer.close()


class _SegmentWriter:
    """Sorts samples into segments, and writes each to the file once it is complete."""

    def __init__(self, order: EncodeOrder, path: Path) -> None:
        self._order = order
        self._path = path
        self._file = path.open("wb")
        self._samples: list[Sample] = []
        self._segments: list[EncodedSegment] = []
        self._frames = 0
        self.init: Init | None = None

    def add(self, moof: bytes, mdat: bytes) -> None:
        if self.init is None:
            raise BoxError("a fragment comes before the initialization segment")
        for sample in read_fragment(moof, mdat, self.init.defaults):
            time = self._order.starts[0] + sample.time
            if sample.is_key and len(self._segments) + 1 < len(self._order.starts):
                next_start = self._order.starts[len(self._segments) + 1]
                if time >= next_start - _TOLERANCE:
                    self._end_segment(next_start)
            self._samples.append(msgspec.structs.replace(sample, time=time))

    def finish(self) -> EncodedChunk:
        self._end_segment(self._order.end)
        if self.init is None or len(self._segments) != len(self._order.starts):
            raise BoxError(f"there are {len(self._segments)} segments instead of {len(self._order.starts)}")
        return EncodedChunk(init=self.init, path=self._path, segments=self._segments, frames=self._frames)

    def close(self) -> None:
        self._file.close()

    def _end_segment(self, end: int) -> None:
        if not self._samples:
            raise BoxError("a segment has no pictures")
        number = len(self._segments)
        start = self._order.starts[number]
        samples = self._in_time(start, end)
        data = write_segment(self._order.first_number + number, samples, start=start, end=end)
        self._segments.append(
            EncodedSegment(
                number=self._order.first_number + number,
                start=start,
                duration=end - start,
                first_byte=self._file.tell(),
                size_bytes=len(data),
            )
        )
        self._file.write(data)
        self._frames += len(samples)
        self._samples = []

    def _in_time(self, start: int, end: int) -> list[Sample]:
        """Return the samples of a segment with the times of the source, which are exact."""
        samples = self._samples
        if self._order.is_filled:
            return [msgspec.structs.replace(sample, time=min(max(sample.time, start), end - 1)) for sample in samples]
        times = [time for time in self._order.times if start <= time < end]
        if len(samples) != len(times):
            raise BoxError(f"there are {len(samples)} pictures instead of {len(times)} from {start / TIMESCALE} s on")
        in_order = sorted(range(len(samples)), key=lambda position: samples[position].time)
        exact = dict(zip(in_order, times, strict=True))
        return [msgspec.structs.replace(sample, time=exact[at]) for at, sample in enumerate(samples)]
