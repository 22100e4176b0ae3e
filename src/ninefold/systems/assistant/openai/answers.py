"""The HTTP responses that take time: a stream of server-sent events, and JSON that is there when a model has ended.

Both notice when the client goes away, and when the server stops.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, Final

from litestar.types import Receive, Scope, Send

from ninefold.core.errors import NinefoldError
from ninefold.systems.assistant.openai.interruptions import Interruption, Watch, cancel, watching

KEEP_ALIVE_S: Final = 10.0
"""After so long without an event, a stream gets a comment, so that proxies don't close it."""

HEAD_WITHIN_S: Final = 5.0
"""A stream's status is sent with its first event, or after so long without one. Until then, an error has its own."""

_EVENT_STREAM: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    # Proxies would collect events.
    (b"x-accel-buffering", b"no"),
)
_JSON: Final = b"application/json"
_COMMENT: Final = b": keep-alive\n\n"


class EventStream:
    """Streams server-sent events; the ASGI application that answers a request.

    Args:
        events: one or more encoded events at a time. An error that it raises at its beginning is answered as usual.
        interruption: what ends the stream from outside.
        show_error: returns the last event of a stream for an error; None if the stream then breaks off.
    """

    def __init__(
        self,
        events: AsyncGenerator[bytes, None],
        interruption: Interruption,
        *,
        show_error: Callable[[NinefoldError], bytes] | None = None,
    ) -> None:
        self._events = events
        self._interruption = interruption
        self._show_error = show_error
        self._has_begun = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until they end, the client closes the connection, or the server stops.

        Raises:
            NinefoldError: one of the events' at the beginning.
            ServerStoppingError: the server stops before the beginning.
        """
        del scope
        try:
            async with watching(self._interruption, receive) as watch:
                await self._send_all(send, watch)
        finally:
            await self._events.aclose()

    async def _send_all(self, send: Send, watch: Watch) -> None:
        try:
            while (events := await self._next(send, watch)) is not None:
                await self._send(send, events)
        except NinefoldError as error:
            if not self._has_begun or self._show_error is None:
                raise
            await self._send(send, self._show_error(error))
        if not watch.has_ended:
            await self._begin(send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            await watch.end(has_begun=self._has_begun)

    async def _next(self, send: Send, watch: Watch) -> bytes | None:
        """Return the next events; None at the end, or if something else has ended the answer."""
        upcoming = asyncio.ensure_future(anext(self._events, None))
        try:
            while not upcoming.done() and not watch.has_ended:
                await watch.wait_with(upcoming, timeout_s=KEEP_ALIVE_S if self._has_begun else HEAD_WITHIN_S)
                if not upcoming.done() and not watch.has_ended:
                    await self._send(send, _COMMENT)
            return None if watch.has_ended else upcoming.result()
        finally:
            await cancel(upcoming)

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
        interruption: what ends the answer from outside.
    """

    def __init__(self, content: Coroutine[Any, Any, bytes], interruption: Interruption) -> None:
        self._content = content
        self._interruption = interruption

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the JSON, unless the client closes the connection before.

        Raises:
            NinefoldError: one of the content's.
            ServerStoppingError: the server stops.
        """
        content = asyncio.ensure_future(self._content)
        try:
            async with watching(self._interruption, receive) as watch:
                await watch.wait_with(content)
                if content.done():
                    await ReadyJson(content.result())(scope, receive, send)
                else:
                    await watch.end(has_begun=False)
        finally:
            await cancel(content)


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
