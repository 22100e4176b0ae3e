"""Gets a connection for a request: waits for a slot and opens one, within the request's time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from ninefold.core.egress.connection import Connection
from ninefold.core.egress.connector import Connector
from ninefold.core.egress.errors import (
    ConnectionClosedError,
    ConnectTimeoutError,
    DnsFailedError,
    EgressError,
    LocalLimitError,
    ResponseTimeoutError,
)
from ninefold.core.egress.limits import EgressLimits
from ninefold.core.egress.pool import ConnectionPool
from ninefold.core.egress.target import Target
from ninefold.core.egress.timings import OpeningMeter

WAIT_SHARE_MAX: Final = 0.5
"""If a request waited for a connection for more than this share of its time, a timeout counts as `LocalLimitError`."""

CLOSED: Final = "The request was ended because this process is shutting down."

TIMEOUTS: Final = (DnsFailedError, ConnectTimeoutError, ResponseTimeoutError)
"""What a request can end with that ran out of time; see `ConnectionOpener.raise_if_waited_too_long`."""

_TIMER_SLACK_S: Final = 0.01
"""How much too early a timer may fire: the event loop counts in milliseconds."""


class RequestTime:
    """The time of a request, and how much of it was spent on waiting for a connection.

    Args:
        timeout_s: the time that the request has in all.
        deadline: when it is over, in the loop's time.
    """

    __slots__ = ("deadline", "timeout_s", "waited_s")

    def __init__(self, *, timeout_s: float, deadline: float) -> None:
        self.timeout_s = timeout_s
        self.deadline = deadline
        self.waited_s = 0.0


class ConnectionOpener:
    """Opens connections in the slots of a pool."""

    def __init__(self, pool: ConnectionPool, connector: Connector, limits: EgressLimits) -> None:
        self._loop = asyncio.get_running_loop()
        self._pool = pool
        self._connector = connector
        self._limits = limits
        self._opening: set[asyncio.Timeout] = set()
        self._is_closed = False

    async def open(self, target: Target, time: RequestTime, *, may_reuse: bool = True) -> Connection:
        """Return a new connection, or one that became idle while we waited, if it may be reused.

        Raises:
            EgressError: there is no connection within the time, or none can be opened.
        """
        self._check_open()
        connection = await self._acquire(target.origin if may_reuse else None, time)
        return connection or await self._connect(target, time)

    def close(self) -> None:
        """End current and later calls of `open` with `ConnectionClosedError`."""
        self._is_closed = True
        for timeout in self._opening:
            if not timeout.expired():
                timeout.reschedule(self._loop.time())

    def raise_if_waited_too_long(self, time: RequestTime, timeout: EgressError) -> None:
        """Raise `LocalLimitError` if a request has timed out because it waited too long for a connection."""
        has_run_out = self._loop.time() >= time.deadline - _TIMER_SLACK_S
        if has_run_out and time.waited_s > WAIT_SHARE_MAX * time.timeout_s:
            raise self._explain_wait(time, timeout) from None

    async def _acquire(self, origin: str | None, time: RequestTime) -> Connection | None:
        """Wait for a slot (None), or for a connection to an origin that becomes idle."""
        began_at = self._loop.time()
        try:
            async with self._until(time.deadline):
                return await self._pool.acquire(origin)
        except TimeoutError:
            self._check_open()
            raise LocalLimitError(
                f"None of Ninefold's {self._limits.connections_max} connections became free "
                f"within {time.timeout_s:.3g} s."
            ) from None
        finally:
            time.waited_s += self._loop.time() - began_at

    async def _connect(self, target: Target, time: RequestTime) -> Connection:
        """Open a connection in the slot that was acquired, and measure it."""
        meter = OpeningMeter()
        try:
            connection = await self._connect_in_time(target, time, meter)
        except EgressError as error:
            error.timings = meter.finish()
            raise
        connection.opening = meter.finish()
        return connection

    async def _connect_in_time(self, target: Target, time: RequestTime, meter: OpeningMeter) -> Connection:
        """Open a connection in the slot that was acquired, within the time for connecting."""
        deadline = min(time.deadline, self._loop.time() + self._limits.connect_timeout_s)
        connection = None
        try:
            self._check_open()
            async with self._until(deadline):
                connection = await self._connector.connect(target, deadline=deadline, meter=meter)
        except TimeoutError:
            self._check_open()
            raise ConnectTimeoutError(f"No connection to {target.host} could be opened in time.") from None
        finally:
            if connection is None:
                self._pool.release_slot()
            else:
                self._pool.add(connection)
        return connection

    @asynccontextmanager
    async def _until(self, deadline: float) -> AsyncIterator[None]:
        """Raise `TimeoutError` at a deadline, or as soon as the opener is closed."""
        async with asyncio.timeout_at(deadline) as timeout:
            self._opening.add(timeout)
            try:
                yield
            finally:
                self._opening.discard(timeout)

    def _explain_wait(self, time: RequestTime, timeout: EgressError) -> LocalLimitError:
        explained = LocalLimitError(
            f"All of Ninefold's {self._limits.connections_max} connections were busy for {time.waited_s:.3g} s "
            f"of {time.timeout_s:.3g} s, and the rest wasn't enough."
        )
        explained.timings = timeout.timings
        return explained

    def _check_open(self) -> None:
        if self._is_closed:
            raise ConnectionClosedError(CLOSED) from None
