"""A small HTTP/1.1 server for the demo's subscribers: reads a whole POST and answers with a status."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

import httptools

BODY_SIZE_MAX: Final = 4 * 1024 * 1024
BACKLOG: Final = 1024

Answer: TypeAlias = Callable[[dict[str, str], bytes], Awaitable[int]]
"""Gets the headers, with names in lower case, and the body; returns the status of the answer."""

_REASONS: Final = {204: "No Content", 400: "Bad Request", 500: "Internal Server Error"}


class Receiver:
    """A local address that webhooks are sent to.

    It has its port from the beginning, but refuses connections until it is opened.

    Args:
        answer: returns the status for each request.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        # Bound but not listening: the port is taken, and the kernel refuses connections.
        self._socket.bind(("127.0.0.1", 0))
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()

    @property
    def url(self) -> str:
        """The URL to send webhooks to."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/webhooks"

    async def open(self) -> None:
        """Start accepting connections."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connect, sock=self._socket, backlog=BACKLOG)

    async def close(self) -> None:
        """Close the port and every connection."""
        if self._server is None:
            self._socket.close()
            return
        self._server.close()
        for connection in list(self._connections):
            connection.close()
        await self._server.wait_closed()

    def _connect(self) -> "_Connection":
        return _Connection(self._answer, self._connections)


class _Connection(asyncio.Protocol):
    """One connection, which carries one request after another."""

    def __init__(self, answer: Answer, connections: "set[_Connection]") -> None:
        self._answer = answer
        self._connections = connections
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._connections.discard(self)
        for task in self._tasks:
            task.cancel()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._reply(400, is_last=True)

    def on_message_begin(self) -> None:
        self._headers = {}
        self._body = bytearray()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._body += body
        if len(self._body) > BODY_SIZE_MAX:
            self._reply(400, is_last=True)

    def on_message_complete(self) -> None:
        task = asyncio.create_task(self._respond(self._headers, bytes(self._body)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _respond(self, headers: dict[str, str], body: bytes) -> None:
        self._reply(await self._answer(headers, body), is_last=False)

    def _reply(self, status: int, *, is_last: bool) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        length = "" if status == 204 else "content-length: 0\r\n"  # noqa: PLR2004 - RFC 9110 §8.6 forbids it for 204.
        ending = "connection: close\r\n" if is_last else ""
        self._transport.write(f"HTTP/1.1 {status} {_REASONS[status]}\r\n{length}{ending}\r\n".encode("ascii"))
        if is_last:
            self._transport.close()
