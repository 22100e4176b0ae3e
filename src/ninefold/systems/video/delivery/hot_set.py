"""The hot set: files that players have loaded lately, in memory.

Segments never change, so it needs no expiry. Requests for a file that isn't there wait for one fill. A fill that nobody
waits for any more is canceled.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias
from uuid import UUID

import msgspec
from prometheus_client import Counter, Gauge

from ninefold.core.web.headers import Headers
from ninefold.core.web.memory import MemoryResponse

FILLS_MAX: Final = 32
"""Fills at the same time: what they read is in memory besides the set."""

LARGEST_SHARE: Final = 8
"""A file that is larger than one part in so many of the set isn't kept."""

_FILLS: Final = Counter("ninefold_video_hot_set_fills", "Files that were read because they weren't in memory.")
_JOINED: Final = Counter("ninefold_video_hot_set_joined", "Requests that waited for the fill of another one.")
_BYTES: Final = Gauge("ninefold_video_hot_set_bytes", "What the files in memory have.")


class HotFile(msgspec.Struct, frozen=True):
    """A file with the headers of its response."""

    body: bytes
    tag: str
    """The value of `ETag`."""
    headers: Headers
    response: MemoryResponse
    """To a request for all of it."""


Load: TypeAlias = Callable[[], Awaitable[HotFile]]


class HotSet:
    """Keeps the files that were used last.

    Args:
        bytes_max: what they can have together.
    """

    def __init__(self, *, bytes_max: int) -> None:
        self._bytes_max: Final = bytes_max
        self._bytes = 0
        self._files: Final[OrderedDict[str, HotFile]] = OrderedDict()
        self._titles: Final[dict[str, UUID]] = {}
        self._names: Final[dict[UUID, set[str]]] = {}
        """Of the files of each title."""
        self._fills: Final[dict[str, _Fill]] = {}
        self._slots: Final = asyncio.Semaphore(FILLS_MAX)

    @property
    def size_bytes(self) -> int:
        """What the files have together."""
        return self._bytes

    @property
    def titles(self) -> list[UUID]:
        """The titles that files are of."""
        return [*self._names]

    def has_title(self, title_id: UUID) -> bool:
        """Whether there are files of a title."""
        return title_id in self._names

    def get(self, name: str) -> HotFile | None:
        """Return a file that is in memory."""
        file = self._files.get(name)
        if file is not None:
            self._files.move_to_end(name)
        return file

    async def fill(self, name: str, load: Load, *, title_id: UUID) -> HotFile:
        """Return a file that isn't in memory, and keep it.

        Args:
            name: the file, with its title.
            load: reads it; called once for all that wait for the same file.
            title_id: its title.
        """
        fill = self._fills.get(name)
        if fill is None:
            _FILLS.inc()
            fill = self._fills[name] = _Fill(title_id)
            fill.task = asyncio.create_task(self._run(name, fill, load))
        else:
            _JOINED.inc()
        fill.waiting += 1
        try:
            return await asyncio.shield(fill.task)
        finally:
            fill.waiting -= 1
            if not fill.waiting:
                fill.task.cancel()
                self._end(name, fill)

    def forget(self, title_id: UUID) -> None:
        """Remove the files of a title, also those that are being read."""
        for fill in self._fills.values():
            fill.is_kept = fill.is_kept and fill.title_id != title_id
        for name in [*self._names.get(title_id, ())]:
            self._remove(name)

    async def _run(self, name: str, fill: "_Fill", load: Load) -> HotFile:
        try:
            async with self._slots:
                file = await load()
            if fill.is_kept:
                self._keep(name, file, title_id=fill.title_id)
            return file
        finally:
            self._end(name, fill)

    def _end(self, name: str, fill: "_Fill") -> None:
        if self._fills.get(name) is fill:
            del self._fills[name]

    def _keep(self, name: str, file: HotFile, *, title_id: UUID) -> None:
        if len(file.body) * LARGEST_SHARE > self._bytes_max or name in self._files:
            return
        self._files[name] = file
        self._titles[name] = title_id
        self._names.setdefault(title_id, set()).add(name)
        self._bytes += len(file.body)
        while self._bytes > self._bytes_max:
            self._remove(next(iter(self._files)))
        _BYTES.set(self._bytes)

    def _remove(self, name: str) -> None:
        title_id = self._titles.pop(name)
        self._bytes -= len(self._files.pop(name).body)
        names = self._names[title_id]
        names.remove(name)
        if not names:
            del self._names[title_id]
        _BYTES.set(self._bytes)


class _Fill:
    """A file that is being read."""

    def __init__(self, title_id: UUID) -> None:
        self.title_id: Final = title_id
        self.waiting = 0
        self.is_kept = True
        self.task: asyncio.Task[HotFile]
