"""A small HTTP/1.1 server for a Unix socket: one request after another on each connection, JSON in and out."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias, cast

import httptools
import msgspec

BODY_SIZE_MAX: Final = 64 * 1024


class Answer(msgspec.Struct, frozen=True):
    """An answer; without a status, the connection is closed instead."""

    status: int | None
    body: bytes = b"{}"


Respond: TypeAlias = Callable[[str, str, bytes], Awaitable[Answer]]
"""Gets the method, the path and the body."""

_REASONS: Final = {200: "OK", 400: "Bad Request", 404: "Not Found", 500: "Internal Server Error"}


class HttpConnection(asyncio.Protocol):
    """One connection.

    Args:
        respond: returns the answer to each request.
        connections: those that are open; it adds and removes itself.
    """

    def __init__(self, respond: Respond, connections: "set[HttpConnection]") -> None:
        self._respond: Final = respond
        self._connections: Final = connections
        self._parser: Final = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._path = b""
        self._body = bytearray()
        self._tasks: Final[set[asyncio.Task[None]]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        # uvloop's transports aren't instances of it.
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let what was begun come to its end: the processor does what it has received."""
        del exc
        self._transport = None
        self._connections.discard(self)

    def close(self) -> None:
        """Close the connection, and stop what was begun."""
        for task in self._tasks:
            task.cancel()
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Parse what was received."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._write(Answer(400))
            self.close()

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._path, self._body = b"", bytearray()

    def on_url(self, url: bytes) -> None:
        """Add to the path."""
        self._path += url

    def on_body(self, body: bytes) -> None:
        """Add to the body."""
        self._body += body
        if len(self._body) > BODY_SIZE_MAX:
            self._write(Answer(400))
            self.close()

    def on_message_complete(self) -> None:
        """Answer the request."""
        method = self._parser.get_method().decode()
        task = asyncio.create_task(self._answer(method, self._path.decode("latin-1"), bytes(self._body)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, method: str, path: str, body: bytes) -> None:
        self._write(await self._respond(method, path, body))

    def _write(self, answer: Answer) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if answer.status is None:
            self._transport.close()
            return
        head = f"HTTP/1.1 {answer.status} {_REASONS[answer.status]}\r\ncontent-type: application/json\r\n"
        self._transport.write(f"{head}content-length: {len(answer.body)}\r\n\r\n".encode() + answer.body)
