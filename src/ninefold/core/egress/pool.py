"""The connections of a client: which are open, which are idle, and which requests wait for one."""

import asyncio
import contextlib
from collections import OrderedDict, deque

from ninefold.core.egress.connection import Connection
from ninefold.core.egress.errors import EgressError
from ninefold.core.egress.limits import EgressLimits


class ConnectionPool:
    """Keeps idle connections by origin, the last used first, and limits how many are open in all.

    A slot is the right to have one connection. A request acquires it before connecting, the connection has it while
    open, and the request that has waited longest gets it after that.
    """

    def __init__(self, limits: EgressLimits) -> None:
        self._limits = limits
        self._slots_used = 0
        self._open: set[Connection] = set()
        self._idle: dict[str, dict[Connection, None]] = {}
        self._idle_by_age: OrderedDict[Connection, None] = OrderedDict()
        self._waiting: deque[tuple[str | None, asyncio.Future[Connection | None]]] = deque()
        self._emptied = asyncio.Event()

    @property
    def open_count(self) -> int:
        """How many connections are open."""
        return len(self._open)

    def take_idle(self, origin: str) -> Connection | None:
        """Return an idle connection to an origin, or None."""
        idle = self._idle.get(origin)
        while idle:
            connection, _ = idle.popitem()
            del self._idle_by_age[connection]
            if connection.is_reusable:
                return connection
            connection.abort()
        return None

    async def acquire(self, origin: str | None) -> Connection | None:
        """Wait for a slot, or for a connection to an origin that becomes idle.

        Args:
            origin: of the connection; None to wait for a slot only.

        Returns:
            None for a slot; the caller calls `add` or `release_slot` later. Or a connection, in its own slot.
        """
        if self._slots_used < self._limits.connections_max:
            self._slots_used += 1
            return None
        self.close_oldest_idle()
        waiter: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((origin, waiter))
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._return_unused(waiter.result())
            raise

    def add(self, connection: Connection) -> None:
        """Add a new connection, in the slot that was acquired for it."""
        if connection.is_open:
            self._open.add(connection)
        else:
            self.release_slot()

    def release_slot(self) -> None:
        """Release a slot that no connection has: the first request that waits gets it."""
        while self._waiting:
            _, waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self._slots_used -= 1

    def put_idle(self, connection: Connection) -> None:
        """Take back a connection that can serve another request."""
        if self._waiting and self._hand_over(connection):
            return
        origin = connection.origin
        idle = self._idle.get(origin)
        if idle is None:
            idle = self._idle[origin] = {}
        idle[connection] = None
        self._idle_by_age[connection] = None
        limits = self._limits
        is_surplus = (
            len(idle) > limits.idle_connections_per_origin_max or len(self._idle_by_age) > limits.idle_connections_max
        )
        # Responses come in bursts: closing a surplus at once would close what the next burst needs.
        connection.start_idle_timer(lifetime_s_max=limits.surplus_lifetime_s if is_surplus else limits.idle_lifetime_s)

    def close_oldest_idle(self) -> None:
        """Close the connection that has been idle longest, if there is one; its descriptor is free soon after."""
        if self._idle_by_age:
            oldest = next(iter(self._idle_by_age))
            self._remove_idle(oldest)
            oldest.abort()

    def remove(self, connection: Connection) -> None:
        """Remove a connection that was closed or lost, and release its slot."""
        self._remove_idle(connection)
        if connection in self._open:
            self._open.remove(connection)
            self.release_slot()
            if not self._open:
                self._emptied.set()

    def fail_all(self, error: EgressError) -> None:
        """Close every connection, and end every request, waiting ones included, with an error."""
        for connection in list(self._open):
            connection.fail(error)
        while self._waiting:
            _, waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_exception(error)

    async def wait_until_empty(self, *, timeout_s: float) -> None:
        """Wait until no connection is open, or the time is over."""
        self._emptied.clear()
        if self._open:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._emptied.wait(), timeout_s)

    def _hand_over(self, connection: Connection) -> bool:
        """Give a connection, or its slot, to the first request that waits; return False if none waits any more."""
        while self._waiting and self._waiting[0][1].done():
            self._waiting.popleft()
        if not self._waiting:
            return False
        origin, waiter = self._waiting[0]
        if origin == connection.origin:
            self._waiting.popleft()
            connection.start_idle_timer(lifetime_s_max=self._limits.idle_lifetime_s)
            waiter.set_result(connection)
        else:
            # Only its slot is of use: `remove` passes that on.
            connection.abort()
        return True

    def _return_unused(self, acquired: Connection | None) -> None:
        if acquired is None:
            self.release_slot()
        elif acquired.is_reusable:
            self.put_idle(acquired)

    def _remove_idle(self, connection: Connection) -> None:
        idle = self._idle.get(connection.origin)
        if idle is None:
            return
        if idle.pop(connection, connection) is None:
            del self._idle_by_age[connection]
        if not idle:
            del self._idle[connection.origin]
