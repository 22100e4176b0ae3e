"""A server that does on each connection exactly what a test says, well-behaved or not."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Request(msgspec.Struct, frozen=True):
    """What arrived: the head as it was sent, and the body."""

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
        """Read one request, and note it."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        request = Request(head, await self._reader.readexactly(length))
        self._server.requests.append(request)
        return request

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._writer.write(data)
        await self._writer.drain()

    async def serve(self, response: bytes = OK) -> None:
        """Answer every request alike until the client goes away."""
        while True:
            await self.read_request()
            await self.send(response)

    async def wait_for_end(self) -> None:
        """Wait until the client has closed."""
        await self._reader.read()

    def reset(self) -> None:
        """Close at once, dropping whatever is under way."""
        self._writer.transport.abort()


Script = Callable[[Peer], Awaitable[None]]


class ScriptedServer:
    """What a running server has seen."""

    def __init__(self, script: Script) -> None:
        self.requests: list[Request] = []
        self.connection_count = 0
        self.port = 0
        self.connected = asyncio.Event()
        """Set when there is a connection."""
        self.ended = asyncio.Event()
        """Set whenever a connection's script is over, and the connection closed."""
        self._script = script
        self._tasks: set[asyncio.Task[None]] = set()

    def url(self, path: str = "/hook", *, host: str = "127.0.0.1", scheme: str = "http") -> str:
        """Return a URL that leads here."""
        return f"{scheme}://{host}:{self.port}{path}"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Play the script on a connection."""
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
    """Return a script that answers everything with these bytes, and closes after the first answer."""

    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(response)

    return script


def answering_and_waiting(response: bytes) -> Script:
    """Return a script that answers one request with these bytes, and leaves closing to the client."""

    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(response)
        await peer.wait_for_end()

    return script
