"""The connections of a client: which are open, which are idle, and who waits for one."""

import asyncio
import contextlib
from collections import OrderedDict, deque

from ninefold.core.egress.connection import Connection
from ninefold.core.egress.errors import EgressError
from ninefold.core.egress.limits import EgressLimits


class ConnectionPool:
    """Keeps idle connections by origin, the latest used first, and never more in all than the limits say.

    A slot is the right to have one connection. It is reserved before connecting, belongs to the connection
    while that is open, and passes to whoever waits longest when the connection is gone.
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

    @property
    def idle_count(self) -> int:
        """How many of them are idle."""
        return len(self._idle_by_age)

    def take(self, origin: str) -> Connection | None:
        """Return an idle connection to an origin, or None."""
        idle = self._idle.get(origin)
        while idle:
            connection, _ = idle.popitem()
            del self._idle_by_age[connection]
            if connection.is_reusable:
                return connection
            connection.abort()
        return None

    async def reserve(self, origin: str | None) -> Connection | None:
        """Wait for the right to a connection.

        Args:
            origin: a connection to it that becomes free is as welcome as a slot; None where it isn't.

        Returns:
            None: a slot, to be followed by `adopt` or `release`. Or a connection that has become free
            meanwhile.
        """
        if self._slots_used < self._limits.connections_max:
            self._slots_used += 1
            return None
        self.make_room()
        turn: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((origin, turn))
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._decline(turn.result())
            raise

    def adopt(self, connection: Connection) -> None:
        """Let a new connection have the slot that was reserved for it."""
        if connection.is_open:
            self._open.add(connection)
        else:
            self.release()

    def release(self) -> None:
        """Give up a slot: the first who waits gets it."""
        while self._waiting:
            _, turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._slots_used -= 1

    def give_back(self, connection: Connection) -> None:
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
        connection.rest(lifetime_s_max=limits.surplus_lifetime_s if is_surplus else limits.idle_lifetime_s)

    def make_room(self) -> None:
        """Close the connection that is idle for longest, if there is one; its descriptor is free soon after."""
        if self._idle_by_age:
            oldest = next(iter(self._idle_by_age))
            self._remove_idle(oldest)
            oldest.abort()

    def forget(self, connection: Connection) -> None:
        """Take note that a connection is gone."""
        self._remove_idle(connection)
        if connection in self._open:
            self._open.remove(connection)
            self.release()
            if not self._open:
                self._emptied.set()

    def fail_all(self, error: EgressError) -> None:
        """Close every connection, and end every request and every wait with an error."""
        for connection in list(self._open):
            connection.fail(error)
        while self._waiting:
            _, turn = self._waiting.popleft()
            if not turn.done():
                turn.set_exception(error)

    async def wait_until_empty(self, *, timeout_s: float) -> None:
        """Wait until every connection that was open is gone, or the time is over."""
        self._emptied.clear()
        if self._open:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._emptied.wait(), timeout_s)

    def _hand_over(self, connection: Connection) -> bool:
        """Serve the first who waits; return False if nobody does any more."""
        while self._waiting and self._waiting[0][1].done():
            self._waiting.popleft()
        if not self._waiting:
            return False
        origin, turn = self._waiting[0]
        if origin == connection.origin:
            self._waiting.popleft()
            connection.rest(lifetime_s_max=self._limits.idle_lifetime_s)
            turn.set_result(connection)
        else:
            # Its slot is what is wanted: `forget` passes it on.
            connection.abort()
        return True

    def _decline(self, turn: Connection | None) -> None:
        if turn is None:
            self.release()
        elif turn.is_reusable:
            self.give_back(turn)

    def _remove_idle(self, connection: Connection) -> None:
        idle = self._idle.get(connection.origin)
        if idle is None:
            return
        if idle.pop(connection, connection) is None:
            del self._idle_by_age[connection]
        if not idle:
            del self._idle[connection.origin]
