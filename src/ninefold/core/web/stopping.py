"""How open streams and WebSockets end when the server stops.

A server that is told to stop waits for the answers under way. One that streams, or a WebSocket, could go on for hours.
So they are told first: those that watch `ServerContext.stopping` end within a grace, as their protocol wants it. The
others are ended after it.
"""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, TypeVar

STREAM_GRACE_S: Final = 1.0
"""How long a stream or a WebSocket that watches `stopping` may take to end by itself."""

CLOSING_S: Final = 0.3
"""How long it may take to close those that were left."""

T = TypeVar("T")


class Stopping:
    """Tells streams and WebSockets that the server stops."""

    def __init__(self) -> None:
        self.begun: Final = asyncio.Event()
        """Set as soon as the server is told to stop: what systems see as `ServerContext.stopping`."""

        self._overdue: Final = asyncio.Event()
        self._sockets_open = 0
        self._sockets_closed: Final = asyncio.Event()

    @contextmanager
    def socket(self) -> Iterator[None]:
        """Count a WebSocket as open."""
        self._sockets_open += 1
        try:
            yield
        finally:
            self._sockets_open -= 1
            if not self._sockets_open:
                self._sockets_closed.set()

    async def wait_for_sockets(self) -> None:
        """Wait until all WebSockets are closed, for a little longer than they may take."""
        self._sockets_closed.clear()
        if self._sockets_open:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._sockets_closed.wait(), STREAM_GRACE_S + CLOSING_S)

    def begin(self) -> None:
        """Tell everyone; call it in the event loop. A second call changes nothing."""
        if not self.begun.is_set():
            self.begun.set()
            asyncio.get_running_loop().call_later(STREAM_GRACE_S, self._overdue.set)

    async def unless_overdue(self, awaitable: Awaitable[T]) -> T | None:
        """Return what is awaited, or None as soon as the grace is over; then it is cancelled."""
        waiting = asyncio.ensure_future(awaitable)
        overdue = asyncio.create_task(self._overdue.wait())
        try:
            await asyncio.wait([waiting, overdue], return_when=asyncio.FIRST_COMPLETED)
            return waiting.result() if waiting.done() else None
        finally:
            overdue.cancel()
            waiting.cancel()
