"""Cuts the body of a request into parts: by size, and by time, so that what came is soon committed."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from typing import Final

from ninefold.core.errors import NinefoldError
from ninefold.core.web.errors import ClientDisconnectedError
from ninefold.systems.video.errors import UploadIdleError, UploadInterruptedError

PART_BYTES_FIRST: Final = 64 * 1024
"""The first part is small, so that what can be known from it is known soon. Each next one can be twice as large."""

PART_BYTES_MAX: Final = 8 * 1024**2
"""Also what a request needs of memory, with one chunk of its body."""

PART_OPEN_S: Final = 0.5
"""A part with bytes is closed after this time, however few they are."""

SIGN_OF_LIFE_S: Final = 3.0
"""While no bytes come, an empty part says after each such time that the request is still there."""

IDLE_S_MAX: Final = 60.0
"""A request that sends nothing for so long is ended."""

_GO_ON: Final = "Ask for the offset with HEAD, and go on there."


class PartCutter:
    """Cuts one body.

    Args:
        chunks: the body.
        stopping: set when the server stops.
    """

    def __init__(self, chunks: AsyncIterator[bytes], *, stopping: asyncio.Event) -> None:
        self._chunks = chunks
        self._stopping = stopping
        self._buffer = bytearray()
        self._size = PART_BYTES_FIRST
        self._now = asyncio.get_running_loop().time
        self._came_at = self._close_at = self._now()
        self._is_over = False
        self._error: NinefoldError | None = None

    async def parts(self) -> AsyncGenerator[bytes]:
        """Yield the parts. What has come is yielded before an error; an empty part is a sign of life.

        Raises:
            ClientDisconnectedError: the body isn't complete.
            UploadIdleError: nothing has come for a minute.
            UploadInterruptedError: the server stops.
        """
        stop = asyncio.create_task(self._stopping.wait())
        chunk = asyncio.create_task(self._next_chunk())
        try:
            while not self._is_over:
                wait_s = self._close_at - self._now() if self._buffer else SIGN_OF_LIFE_S
                await asyncio.wait({stop, chunk}, timeout=max(0.0, wait_s), return_when=asyncio.FIRST_COMPLETED)
                if chunk.done():
                    self._take(chunk)
                    chunk = asyncio.create_task(self._next_chunk())
                elif stop.done():
                    self._end(UploadInterruptedError("The server stops.", remedy=_GO_ON))
                elif self._now() - self._came_at >= IDLE_S_MAX:
                    self._end(UploadIdleError(f"Nothing came for {IDLE_S_MAX:.0f} s.", remedy=_GO_ON))
                elif not self._buffer:
                    yield b""
                if self._is_part_due():
                    yield self._cut()
            if self._error is not None:
                raise self._error
        finally:
            for task in (stop, chunk):
                task.cancel()
                with suppress(asyncio.CancelledError, ClientDisconnectedError):
                    await task

    def _take(self, chunk: "asyncio.Task[bytes | None]") -> None:
        try:
            content = chunk.result()
        except ClientDisconnectedError as error:
            self._end(error)
            return
        if content is None:
            self._end(None)
            return
        self._came_at = self._now()
        if not self._buffer:
            self._close_at = self._came_at + PART_OPEN_S
        self._buffer += content

    def _end(self, error: NinefoldError | None) -> None:
        self._is_over, self._error = True, error

    def _is_part_due(self) -> bool:
        is_due = self._is_over or len(self._buffer) >= self._size or self._now() >= self._close_at
        return bool(self._buffer) and is_due

    async def _next_chunk(self) -> bytes | None:
        return None if self._is_over else await anext(self._chunks, None)

    def _cut(self) -> bytes:
        part = bytes(self._buffer)
        self._buffer.clear()
        if len(part) >= self._size:
            self._size = min(self._size * 2, PART_BYTES_MAX)
        return part
