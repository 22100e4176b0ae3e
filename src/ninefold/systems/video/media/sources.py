"""How ffmpeg gets the bytes of a source: through a pipe, or with seeking from a server on this machine."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final, Protocol

from ninefold.systems.video.packaging.boxes import LARGE_HEADER_BYTES, BoxError, read_header

TOP_LEVEL_BOXES_MAX: Final = 100
_FIRST_BOXES: Final = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp"})


class Source(Protocol):
    """The bytes of a source, of which some may still have to come."""

    @property
    def length(self) -> int:
        """How many there will be."""
        ...

    def read(self, start: int, end: int) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` to before `end`; wait for those that aren't there yet."""
        ...


class PacedSource:
    """A source that is read only while there is room for what is made of it."""

    def __init__(self, source: Source) -> None:
        self._source: Final = source
        self.has_room: Final = asyncio.Event()
        """Cleared while nothing is to be read."""
        self.has_room.set()

    @property
    def length(self) -> int:
        """How many bytes there will be."""
        return self._source.length

    async def read(self, start: int, end: int) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` to before `end`."""
        async for chunk in self._source.read(start, end):
            await self.has_room.wait()
            yield chunk


class SourceInput:
    """A source as ffmpeg reads it.

    Args:
        source: its bytes.
        url: where ffmpeg reads it with seeking; None if it gets them through a pipe.
    """

    def __init__(self, source: Source, *, url: str | None = None) -> None:
        self.source: Final = source
        self.is_damaged = False
        """Whether who has read it so far has found something that is damaged."""
        self._url: Final = url

    @property
    def is_fed(self) -> bool:
        """Whether ffmpeg gets the bytes through a pipe."""
        return self._url is None

    @property
    def arguments(self) -> list[str]:
        """Ffmpeg's arguments that name it, and have it make up times that are missing."""
        return ["-fflags", "+genpts", *self.arguments_with_its_times]

    @property
    def arguments_with_its_times(self) -> list[str]:
        """Ffmpeg's arguments that name it, with no other times than its own."""
        return ["-i", "pipe:0"] if self._url is None else ["-protocol_whitelist", "http,tcp", "-i", self._url]

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield all its bytes, as they come; nothing if ffmpeg reads them by itself."""
        return self.source.read(0, self.source.length if self.is_fed else 0)


async def has_index_at_end(source: Source) -> bool:
    """Return whether a source is an MP4 whose index follows its contents, so that it can't be read from a pipe."""
    at = 0
    for number in range(TOP_LEVEL_BOXES_MAX):
        if at >= source.length:
            return False
        try:
            header = read_header(await _read(source, at, min(at + LARGE_HEADER_BYTES, source.length)))
        except BoxError:
            return False
        if header is None or (number == 0 and header.kind not in _FIRST_BOXES):
            return False
        if header.kind in {b"moov", b"mdat"}:
            return header.kind == b"mdat"
        if header.size == 0:
            return False
        at += header.size
    return False


async def _read(source: Source, start: int, end: int) -> bytes:
    return b"".join([chunk async for chunk in source.read(start, end)])
