"""The HTTP responses that take time: a stream of server-sent events, and JSON that is there when a model has ended.

Both notice when the client goes away, and when the server stops.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, TypeAlias

import structlog
from litestar.types import Receive, Scope, Send

from ninefold.core.errors import NinefoldError
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.systems.assistant.openai.errors import ServerStoppingError

KEEP_ALIVE_S: Final = 10.0
"""After so long without an event, a stream gets a comment, so that proxies don't close it."""

HEAD_WITHIN_S: Final = 5.0
"""A stream's status is sent with its first event, or after so long without one. Until then, an error has its own."""

OnClosed: TypeAlias = Callable[[], Awaitable[None]]
"""What to do when the client has closed the connection before the end."""

_EVENT_STREAM: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    # Proxies would collect events.
    (b"x-accel-buffering", b"no"),
)
_JSON: Final = b"application/json"
_COMMENT: Final = b": keep-alive\n\n"

log = structlog.get_logger(__name__)


async def do_nothing() -> None:
    """Let a response go on whose client has closed the connection."""


class EventStream:
    """Streams server-sent events; the ASGI application that answers a request.

    Args:
        events: one or more encoded events at a time. An error that it raises at its beginning is answered as usual.
        show_error: returns the last event of a stream for an error; None if the stream then breaks off.
        on_closed: what happens if the client closes the connection.
    """

    def __init__(
        self,
        events: AsyncGenerator[bytes, None],
        *,
        show_error: Callable[[NinefoldError], bytes] | None = None,
        on_closed: OnClosed = do_nothing,
    ) -> None:
        self._events = events
        self._show_error = show_error
        self._on_closed = on_closed
        self._has_begun = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until they end, or the client closes the connection.

        Raises:
            NinefoldError: one of the events' at the beginning.
        """
        del scope
        closed = asyncio.ensure_future(_wait_for_disconnect(receive))
        try:
            await self._send_all(send, closed)
        finally:
            closed.cancel()
            await self._events.aclose()

    async def _send_all(self, send: Send, closed: "asyncio.Future[None]") -> None:
        try:
            while (events := await self._next(send, closed)) is not None:
                await self._send(send, events)
        except NinefoldError as error:
            if not self._has_begun or self._show_error is None:
                raise
            await self._send(send, self._show_error(error))
        if closed.done():
            await _after_close(self._on_closed)
        else:
            await self._begin(send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _next(self, send: Send, closed: "asyncio.Future[None]") -> bytes | None:
        """Return the next events; None at the end, or if the client has closed the connection."""
        upcoming = asyncio.ensure_future(anext(self._events, None))
        either: list[asyncio.Future[Any]] = [upcoming, closed]
        try:
            while not upcoming.done() and not closed.done():
                timeout_s = KEEP_ALIVE_S if self._has_begun else HEAD_WITHIN_S
                done, _ = await asyncio.wait(either, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
                if not done:
                    await self._send(send, _COMMENT)
            return None if closed.done() else upcoming.result()
        finally:
            await _cancel(upcoming)

    async def _send(self, send: Send, events: bytes) -> None:
        await self._begin(send)
        await send({"type": "http.response.body", "body": events, "more_body": True})

    async def _begin(self, send: Send) -> None:
        if not self._has_begun:
            self._has_begun = True
            await send({"type": "http.response.start", "status": 200, "headers": _EVENT_STREAM})


class JsonAnswer:
    """Sends JSON as soon as it is there; the ASGI application that answers a request.

    Args:
        content: waits for the JSON. Its errors are answered as usual.
        stopping: set when the server stops.
        stopped: the error that the client then gets.
        on_closed: what happens if the client closes the connection, or the server stops.
    """

    def __init__(
        self,
        content: Coroutine[Any, Any, bytes],
        *,
        stopping: asyncio.Event,
        stopped: ServerStoppingError,
        on_closed: OnClosed = do_nothing,
    ) -> None:
        self._content = content
        self._stopping = stopping
        self._stopped = stopped
        self._on_closed = on_closed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the JSON, unless the client closes the connection before.

        Raises:
            NinefoldError: one of the content's.
            ServerStoppingError: the server stops.
        """
        content = asyncio.ensure_future(self._content)
        closed = asyncio.ensure_future(_wait_for_disconnect(receive))
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait([content, closed, stopping], return_when=asyncio.FIRST_COMPLETED)
            if content.done():
                await ReadyJson(content.result())(scope, receive, send)
                return
            await _after_close(self._on_closed)
            if not closed.done():
                raise self._stopped
        finally:
            closed.cancel()
            stopping.cancel()
            await _cancel(content)


class ReadyJson:
    """Sends JSON that is there already; the ASGI application that answers a request.

    Litestar decides by a handler's annotation whether it returns an application. So a handler that sometimes has to
    wait always returns one.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the JSON."""
        del scope, receive
        headers = [(b"content-type", _JSON), (b"content-length", b"%d" % len(self._content))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self._content, "more_body": False})


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _after_close(on_closed: OnClosed) -> None:
    try:
        await on_closed()
    except DatabaseUnavailableError as error:
        log.warning("assistant.openai.not_cancelled", error=str(error))


async def _cancel(task: "asyncio.Future[Any]") -> None:
    if not task.done():
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
