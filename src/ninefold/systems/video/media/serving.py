"""A server on this machine from which one ffmpeg reads one source with seeking.

It listens on the loopback address only, and the path is a secret of this process and its ffmpeg.
"""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from ninefold.systems.video.media.sources import Source, SourceInput

HEAD_BYTES_MAX: Final = 16 * 1024
CONNECTIONS_MAX: Final = 16
_RANGE: Final = re.compile(rb"\r\nrange:\s*bytes=(\d+)-(\d*)\r\n", re.IGNORECASE)


@asynccontextmanager
async def serving(source: Source) -> AsyncIterator[SourceInput]:
    """Serve a source until the block ends."""
    path = f"/{secrets.token_urlsafe(24)}"
    handler = _Handler(source, path)
    server = await asyncio.start_server(handler.handle, "127.0.0.1", 0, limit=HEAD_BYTES_MAX)
    port = server.sockets[0].getsockname()[1]
    try:
        yield SourceInput(source, url=f"http://127.0.0.1:{port}{path}")
    finally:
        server.close()
        await handler.close()


class _Handler:
    def __init__(self, source: Source, path: str) -> None:
        self._source = source
        self._path = path.encode()
        self._tasks: set[asyncio.Task[None]] = set()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "asyncio runs this in a task"
        self._tasks.add(task)
        try:
            if len(self._tasks) <= CONNECTIONS_MAX:
                await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            # ffmpeg has what it needs, and opens another connection for another range.
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        words = head.split(b" ", 2)
        length = self._source.length
        if words[:2] != [b"GET", self._path]:
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        match = _RANGE.search(head)
        start = int(match[1]) if match else 0
        end = min(int(match[2]) + 1, length) if match and match[2] else length
        if start >= length:
            writer.write(f"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */{length}\r\n".encode())
            writer.write(b"Content-Length: 0\r\nConnection: close\r\n\r\n")
            return
        status = f"206 Partial Content\r\nContent-Range: bytes {start}-{end - 1}/{length}" if match else "200 OK"
        headers = f"Content-Length: {end - start}\r\nAccept-Ranges: bytes\r\nConnection: close\r\n\r\n"
        writer.write(f"HTTP/1.1 {status}\r\n{headers}".encode())
        async for chunk in self._source.read(start, end):
            if writer.is_closing():
                return
            writer.write(chunk)
            await writer.drain()
        with suppress(ConnectionError):
            await writer.drain()
