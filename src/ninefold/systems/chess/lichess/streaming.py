"""Streams of lines of JSON (NDJSON): one response that goes on, with an empty line from time to time.

A stream is one of the live connections of the process (`core/live/viewers.py`): it counts against their limits, ends
with the token that opened it, and when the server stops.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any, Final

import structlog
from litestar.types import Receive, Scope, Send

from ninefold.core.live.access import Grant
from ninefold.core.live.errors import PositionLostError
from ninefold.core.live.feeds import Feed
from ninefold.core.live.hub import Hub
from ninefold.core.live.viewers import Viewer
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.tenancy.model import Principal
from ninefold.systems.chess.lichess.presence import StreamPresence

KEEP_ALIVE_S: Final = 5.0
"""After so long without a line, an empty one is sent. Lichess's clients give up after 15 s of silence."""

NDJSON: Final = "application/x-ndjson"

log = structlog.get_logger(__name__)


class LineStream(Viewer):
    """Streams lines; the ASGI application that answers a request.

    Args:
        hub: knows the live connections of the process.
        lines: one or more complete lines at a time. If it ends, the response ends.
        principal: on whose behalf the client reads.
        media_type: of the response.
        has_keep_alive: whether empty lines are sent; not where they would mean something.
        presence: writes that the reader is there while the stream is open; None if that doesn't follow from it.

    Raises:
        TooManyConnectionsError: the process or the organisation has as many live connections as it can have.
    """

    transport = "ndjson"

    def __init__(
        self,
        hub: Hub,
        lines: AsyncGenerator[bytes, None],
        *,
        principal: Principal,
        media_type: str = NDJSON,
        has_keep_alive: bool = True,
        presence: StreamPresence | None = None,
    ) -> None:
        super().__init__()
        # Proxies would collect lines.
        self._headers: Final = [(b"content-type", media_type.encode()), (b"x-accel-buffering", b"no")]
        self._keep_alive_s: Final = KEEP_ALIVE_S if has_keep_alive else None
        self._hub: Final = hub
        self._lines: Final = lines
        self._presence: Final = presence
        self.deadline = None
        hub.viewers.add(self)
        try:
            hub.access.admit(self, Grant(principal, checked_at=time.monotonic()))
        except BaseException:
            hub.viewers.remove(self)
            raise
        # Also if the response is never sent, because the client has gone already.
        self.ended.add_done_callback(lambda _: hub.viewers.remove(self))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send lines until they end, the client closes the connection, its access ends, or the server stops."""
        del scope
        disconnecting = asyncio.create_task(self._wait_for_disconnect(receive))
        tasks = [disconnecting]
        if self._presence is not None:
            tasks.append(asyncio.create_task(self._presence.keep(self.ended)))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self._headers})
            await self._send_lines(send)
            with suppress(Exception):
                # The client may have gone, which servers tell in different ways.
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self.end(None)
            disconnecting.cancel()
            # Nothing that a task was doing goes on after the response. The presence ends with the stream.
            await asyncio.wait(tasks)
            await self._lines.aclose()

    def end_feed(self, feed: Feed) -> None:
        """Do nothing: chess refuses nobody who has a token."""

    def ping(self) -> None:
        """Do nothing: the stream sends empty lines by itself."""

    async def _send_lines(self, send: Send) -> None:
        try:
            while (lines := await self._next(send)) is not None:
                await send({"type": "http.response.body", "body": lines, "more_body": True})
        except PositionLostError:
            # The client opens the stream again, and then gets the current state.
            log.info("chess.lichess.stream.position_lost")
        except DatabaseUnavailableError as error:
            log.info("chess.lichess.stream.ended", error=str(error))

    async def _next(self, send: Send) -> bytes | None:
        """Return the next lines; None at the end, or if something else has ended the stream."""
        upcoming = asyncio.ensure_future(anext(self._lines, None))
        futures: list[asyncio.Future[Any]] = [upcoming, self.ended]
        try:
            while not upcoming.done() and not self.ended.done():
                await asyncio.wait(futures, timeout=self._keep_alive_s, return_when=asyncio.FIRST_COMPLETED)
                if not upcoming.done() and not self.ended.done():
                    await send({"type": "http.response.body", "body": b"\n", "more_body": True})
            return None if self.ended.done() else upcoming.result()
        finally:
            if not upcoming.done():
                upcoming.cancel()
                with suppress(asyncio.CancelledError, StopAsyncIteration):
                    await upcoming

    async def _wait_for_disconnect(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.end(None)
