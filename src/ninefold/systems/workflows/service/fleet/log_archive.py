"""The form of a log that has ended: its lines as compressed parts of one blob, and where each part begins."""

import zlib
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from ninefold.systems.workflows.service.fleet.logs import ChunkOfLines, ShownLine, decode_lines
from ninefold.systems.workflows.store.job_logs import PartPlaces

PART_BYTES: Final = 256 * 1024
"""Of the lines in a part, before it is compressed: what is read for one line."""

COMPRESSION_LEVEL: Final = 6

_encode: Final = msgspec.json.Encoder().encode


class Packer:
    """Packs lines into parts, one after the other."""

    def __init__(self) -> None:
        self._lines: list[ShownLine] = []
        self._size = 0
        self._places: list[tuple[int, int, int]] = []
        self._end = 0

    def add(self, lines: Iterable[ShownLine]) -> list[bytes]:
        """Take lines; return the parts that are whole now."""
        parts = []
        for line in lines:
            self._lines.append(line)
            self._size += len(line.text) + 80
            if self._size >= PART_BYTES:
                parts.append(self._pack())
        return parts

    def end(self) -> tuple[list[bytes], PartPlaces]:
        """Return the last part if anything is left, and where all of them are."""
        parts = [self._pack()] if self._lines else []
        return parts, tuple(self._places)

    def _pack(self) -> bytes:
        part = zlib.compress(_encode(ChunkOfLines(lines=self._lines)), COMPRESSION_LEVEL)
        self._places.append((self._lines[0].line, self._end, self._end + len(part)))
        self._end += len(part)
        self._lines, self._size = [], 0
        return part


def unpack(part: bytes) -> Sequence[ShownLine]:
    """Return the lines of a part."""
    return decode_lines(zlib.decompress(part))


def part_with(places: PartPlaces, line: int) -> int:
    """Return the index of the part that a line is in, or would be in."""
    return max(0, bisect_right(places, line, key=lambda place: place[0]) - 1)
