"""Reads what a player needs of fragmented MP4: where a segment is in time, how long it lasts, how many frames it has.

ISO/IEC 14496-12 (ISO base media file format), §8.8. It is the demo's own reader, so that what Ninefold writes is
checked by something else than what writes it.
"""

import struct
from collections.abc import Iterator
from typing import Final

import msgspec

_HEADER: Final = struct.Struct(">I4s")
_CONTAINERS: Final = frozenset({b"moov", b"trak", b"mdia", b"moof", b"traf", b"mvex"})

_HAS_BASE_OFFSET: Final = 0x01
_HAS_DESCRIPTION: Final = 0x02
_HAS_DEFAULT_DURATION: Final = 0x08
_HAS_DATA_OFFSET: Final = 0x01
_HAS_FIRST_FLAGS: Final = 0x04
_HAS_DURATION: Final = 0x100
_FURTHER_FIELDS: Final = (0x200, 0x400, 0x800)


class Fragment(msgspec.Struct, frozen=True):
    """What a segment has of a track, in its ticks."""

    start: int
    duration: int
    samples: int

    @property
    def end(self) -> int:
        """When the next one must begin."""
        return self.start + self.duration


class BrokenSegmentError(Exception):
    """The bytes aren't a segment."""


def read_timescale(init: bytes) -> int:
    """Return the ticks a second of an initialization segment's track.

    Raises:
        BrokenSegmentError: there is none.
    """
    for name, body in _boxes(init):
        if name == b"mdhd":
            at = 20 if body[0] == 1 else 12
            return int.from_bytes(body[at : at + 4], "big")
    raise BrokenSegmentError("The initialization segment has no mdhd.")


def read_default_duration(init: bytes) -> int:
    """Return how long samples last that don't say it."""
    return next((int.from_bytes(body[12:16], "big") for name, body in _boxes(init) if name == b"trex"), 0)


def read_fragment(segment: bytes, *, default_duration: int) -> Fragment:
    """Return where a segment is, all its fragments together.

    Raises:
        BrokenSegmentError: it has none, or they don't follow each other.
    """
    start: int | None = None
    duration = samples = 0
    sample_duration = default_duration
    for name, body in _boxes(segment):
        flags = int.from_bytes(body[1:4], "big")
        if name == b"tfhd":
            sample_duration = _default_in(body, flags) or default_duration
        elif name == b"tfdt":
            at = int.from_bytes(body[4:12] if body[0] == 1 else body[4:8], "big")
            start = at if start is None else start
            if at != start + duration:
                raise BrokenSegmentError(f"A fragment begins at {at} instead of {start + duration}.")
        elif name == b"trun":
            lengths = list(_durations(body, flags, sample_duration))
            duration += sum(lengths)
            samples += len(lengths)
    if start is None or not samples:
        raise BrokenSegmentError("The segment has no fragment.")
    return Fragment(start, duration, samples)


def _default_in(body: bytes, flags: int) -> int | None:
    if not flags & _HAS_DEFAULT_DURATION:
        return None
    at = 8 + (8 if flags & _HAS_BASE_OFFSET else 0) + (4 if flags & _HAS_DESCRIPTION else 0)
    return int.from_bytes(body[at : at + 4], "big")


def _durations(body: bytes, flags: int, default: int) -> Iterator[int]:
    count = int.from_bytes(body[4:8], "big")
    at = 8 + (4 if flags & _HAS_DATA_OFFSET else 0) + (4 if flags & _HAS_FIRST_FLAGS else 0)
    has_duration = bool(flags & _HAS_DURATION)
    size = (4 if has_duration else 0) + sum(4 for flag in _FURTHER_FIELDS if flags & flag)
    for _ in range(count):
        yield int.from_bytes(body[at : at + 4], "big") if has_duration else default
        at += size


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the boxes that aren't containers, with their contents, in order."""
    at = 0
    while at + _HEADER.size <= len(content):
        size, name = _HEADER.unpack_from(content, at)
        header = _HEADER.size
        if size == 1:
            size, header = int.from_bytes(content[at + 8 : at + 16], "big"), 16
        if size < header or at + size > len(content):
            raise BrokenSegmentError(f"The box {name!r} at {at} is cut.")
        body = content[at + header : at + size]
        if name in _CONTAINERS:
            yield from _boxes(body)
        else:
            yield name, body
        at += size
