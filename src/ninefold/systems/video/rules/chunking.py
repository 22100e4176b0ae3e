"""Finds the chunks of a source in the list of its packets."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import msgspec

from ninefold.systems.video.rules.cutting import ChunkCutter
from ninefold.systems.video.rules.ladder import TIMESCALE

CHUNK_PACKETS_MAX: Final = 1_000_000
_KEY: Final = 1


class Packet(msgspec.Struct, frozen=True, kw_only=True):
    """A picture of the source, as it is stored. Times are in the source's own unit."""

    time: int
    """When it is shown."""
    duration: int
    is_key: bool


class ChunkTimes(msgspec.Struct, frozen=True, kw_only=True):
    """When the pictures of a chunk are shown, in ticks from the beginning of the title."""

    number: int
    start: int
    end: int
    """Where the next chunk begins, or where the title ends."""
    times: Sequence[int]
    """Of all its pictures, in order. They needn't be decodable."""
    has_leading: bool
    """Whether its packets begin with pictures of the chunk before it, which are decoded with that one."""
    needs_next: bool
    """Whether pictures of this chunk are among the packets of the next one (an open group of pictures)."""


class TooManyPacketsError(Exception):
    """A part of the source between two keyframes has too many pictures."""


class Chunker:
    """Takes the packets of a source in the order in which they are stored, and says which chunks are complete.

    Args:
        time_base: the source's unit of time, in seconds.
        zero: when the title begins, in seconds of the source.
    """

    def __init__(self, time_base: Fraction, *, zero: Fraction) -> None:
        self._time_base = time_base
        self._zero = _ticks(zero)
        self._cutter = ChunkCutter()
        self._number = 0
        self._current: _OpenChunk | None = None
        self._next: _OpenChunk | None = None
        """The next chunk, while pictures of the current one can still come."""
        self.reached = 0
        """Up to where pictures are known, in ticks of the title."""

    def add(self, packet: Packet) -> ChunkTimes | None:
        """Take a packet; return the chunk that is complete because of it.

        Raises:
            TooManyPacketsError: the chunk is too large.
        """
        complete = None
        if packet.is_key and self._cutter.begins_chunk(float(packet.time * self._time_base)):
            if self._next is not None:
                complete = self._complete()
            self._next = _OpenChunk(packet.time)
        if self._current is None:
            self._current, self._next = self._next, None
        if self._current is None:
            return None
        self._sort(packet)
        if self._next is not None and packet.time > self._next.key_time:
            # Pictures that are shown before a keyframe are stored before those that are shown after it.
            complete = self._complete()
        self.reached = max(self.reached, self._title_time(packet.time + packet.duration))
        return complete

    def finish(self) -> list[ChunkTimes]:
        """Return the chunks that are complete because nothing follows."""
        complete = []
        while self._current is not None and self._current.times:
            complete.append(self._complete())
        return complete

    def _sort(self, packet: Packet) -> None:
        assert self._current is not None, "the first keyframe begins a chunk"
        if self._next is not None and packet.time >= self._next.key_time:
            self._next.take(packet)
        elif packet.time >= self._current.key_time:
            self._current.take(packet)
            if self._next is not None:
                self._current.needs_next = self._next.has_leading = True
        else:
            # It is shown before the first keyframe, and can't be decoded.
            self._current.has_leading = True

    def _complete(self) -> ChunkTimes:
        chunk, following = self._current, self._next
        assert chunk is not None, "there is a chunk"
        start = self._title_time(chunk.key_time)
        end = self._title_time(chunk.end_time if following is None else following.key_time)
        times = self._times(chunk)
        if following is not None:
            times = [time for time in times if time < end]
        complete = ChunkTimes(
            number=self._number,
            start=start,
            end=max(end, times[-1] + 1),
            times=times,
            has_leading=chunk.has_leading,
            needs_next=chunk.needs_next,
        )
        self._number += 1
        self._current, self._next = following, None
        return complete

    def first_times(self) -> list[int]:
        """Return the times of the first chunk as far as they are known, while it isn't complete."""
        return self._times(self._current) if self._number == 0 and self._current is not None else []

    def _times(self, chunk: "_OpenChunk") -> list[int]:
        start = self._title_time(chunk.key_time)
        return sorted({start + _ticks((time - chunk.key_time) * self._time_base) for time in chunk.times})

    def _title_time(self, time: int) -> int:
        return _ticks(time * self._time_base) - self._zero


class _OpenChunk:
    def __init__(self, key_time: int) -> None:
        self.key_time = key_time
        self.end_time = key_time
        self.times: list[int] = []
        self.has_leading = False
        self.needs_next = False

    def take(self, packet: Packet) -> None:
        self.times.append(packet.time)
        self.end_time = max(self.end_time, packet.time + max(packet.duration, 1))
        if len(self.times) > CHUNK_PACKETS_MAX:
            raise TooManyPacketsError


def _ticks(seconds: Fraction) -> int:
    """Return the nearest tick; halves away from zero, as ffmpeg does."""
    scaled = seconds * TIMESCALE
    half = Fraction(1, 2)
    return int(scaled + half) if scaled >= 0 else -int(-scaled + half)
