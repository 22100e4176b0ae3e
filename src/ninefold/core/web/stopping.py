"""Ends open streams and WebSockets when the server stops.

A server that stops waits for the responses in progress. A stream or a WebSocket could stay open for hours, so they are
notified first: those that watch `ServerContext.stopping` have a grace period to end as their protocol requires. Those
that are still open after it are closed.
"""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, TypeVar

STREAM_GRACE_PERIOD_S: Final = 1.0
"""How long a stream or a WebSocket that watches `stopping` has to end by itself."""

CLOSE_TIMEOUT_S: Final = 0.3
"""How long closing the remaining ones can take."""

T = TypeVar("T")


class Stopping:
    """Notifies streams and WebSockets that the server is stopping."""

    def __init__(self) -> None:
        self.begun: Final = asyncio.Event()
        """Set when the server begins to stop; systems get it as `ServerContext.stopping`."""

        self._grace_period_over: Final = asyncio.Event()
        self._sockets_open = 0
        self._sockets_closed: Final = asyncio.Event()

    @contextmanager
    def socket(self) -> Iterator[None]:
        """Count a WebSocket as open while the block runs."""
        self._sockets_open += 1
        try:
            yield
        finally:
            self._sockets_open -= 1
            if not self._sockets_open:
                self._sockets_closed.set()

    async def wait_for_sockets(self) -> None:
        """Wait until all WebSockets are closed, or until the grace period and the closing are over."""
        self._sockets_closed.clear()
        if self._sockets_open:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._sockets_closed.wait(), STREAM_GRACE_PERIOD_S + CLOSE_TIMEOUT_S)

    def begin(self) -> None:
        """Notify all streams and WebSockets. Call it in the event loop; a second call has no effect."""
        if not self.begun.is_set():
            self.begun.set()
            asyncio.get_running_loop().call_later(STREAM_GRACE_PERIOD_S, self._grace_period_over.set)

    async def within_grace_period(self, awaitable: Awaitable[T]) -> T | None:
        """Return the result of an awaitable, or cancel it and return None when the grace period is over."""
        waiting = asyncio.ensure_future(awaitable)
        grace_period = asyncio.create_task(self._grace_period_over.wait())
        try:
            await asyncio.wait([waiting, grace_period], return_when=asyncio.FIRST_COMPLETED)
            return waiting.result() if waiting.done() else None
        finally:
            grace_period.cancel()
            waiting.cancel()
