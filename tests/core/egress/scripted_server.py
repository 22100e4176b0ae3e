"""A server that does exactly what a test says on each connection, valid HTTP or not."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Request(msgspec.Struct, frozen=True):
    """What arrived: the head as it was sent, and the body without its framing."""

    head: bytes
    body: bytes


class Peer:
    """The server's end of one connection."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, number: int, server: "ScriptedServer"
    ) -> None:
        self.number = number
        self._reader = reader
        self._writer = writer
        self._server = server

    async def read_request(self) -> Request:
        """Read and record one request."""
        head = await self.read_head()
        if b"\r\ntransfer-encoding: chunked\r\n" in head:
            body = await self.read_rest_of_chunked_body()
        elif b"\r\ncontent-length: " in head:
            length = int(head.split(b"\r\ncontent-length: ")[1].split(b"\r\n")[0])
            body = await self._reader.readexactly(length)
        else:
            body = b""
        request = Request(head, body)
        self._server.requests.append(request)
        return request

    async def read_head(self) -> bytes:
        """Read only the head of a request."""
        return await self._reader.readuntil(b"\r\n\r\n")

    async def read_exactly(self, length: int) -> bytes:
        """Read so many bytes of a body."""
        return await self._reader.readexactly(length)

    async def read_rest_of_chunked_body(self) -> bytes:
        """Read the chunks that follow a head."""
        return b"".join([chunk async for chunk in self._read_chunks()])

    async def _read_chunks(self) -> AsyncIterator[bytes]:
        while (line := await self._reader.readuntil(b"\r\n")) != b"0\r\n":
            chunk = await self._reader.readexactly(int(line, 16) + 2)
            assert chunk.endswith(b"\r\n")
            yield chunk[:-2]
        assert await self._reader.readexactly(2) == b"\r\n"

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._writer.write(data)
        await self._writer.drain()

    async def serve(self, response: bytes = OK) -> None:
        """Give the same answer to every request until the client closes."""
        while True:
            await self.read_request()
            await self.send(response)

    async def wait_for_end(self) -> None:
        """Wait until the client has closed."""
        await self._reader.read()

    def reset(self) -> None:
        """Close at once, without sending what is buffered."""
        self._writer.transport.abort()


Script = Callable[[Peer], Awaitable[None]]


class ScriptedServer:
    """A running server, and what it has received."""

    def __init__(self, script: Script) -> None:
        self.requests: list[Request] = []
        self.connection_count = 0
        self.port = 0
        self.connected = asyncio.Event()
        """Set when there was a connection."""
        self.ended = asyncio.Event()
        """Set when the script of a connection has ended, and the connection is closed."""
        self._script = script
        self._tasks: set[asyncio.Task[None]] = set()

    def url(self, path: str = "/hook", *, host: str = "127.0.0.1", scheme: str = "http") -> str:
        """Return a URL of this server."""
        return f"{scheme}://{host}:{self.port}{path}"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Run the script on a connection."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connection_count += 1
        self.connected.set()
        peer = Peer(reader, writer, number=self.connection_count, server=self)
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                await self._script(peer)
        finally:
            self._tasks.discard(task)
            writer.close()
            self.ended.set()

    def cancel_scripts(self) -> None:
        """End the scripts that are still waiting."""
        for task in list(self._tasks):
            task.cancel()


@contextlib.asynccontextmanager
async def running(
    script: Script, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[ScriptedServer]:
    """Run a server on a free port for as long as the block lasts."""
    scripted = ScriptedServer(script)
    server = await asyncio.start_server(scripted.handle, host, 0, ssl=tls)
    scripted.port = server.sockets[0].getsockname()[1]
    try:
        yield scripted
    finally:
        server.close()
        scripted.cancel_scripts()


async def serve_ok(peer: Peer) -> None:
    """Answer 200 to everything."""
    await peer.serve()


def answering(response: bytes) -> Script:
    """Return a script that answers one request with these bytes, and closes."""

    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(response)

    return script


def answering_and_waiting(response: bytes) -> Script:
    """Return a script that answers one request with these bytes, and waits until the client closes."""

    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(response)
        await peer.wait_for_end()

    return script
