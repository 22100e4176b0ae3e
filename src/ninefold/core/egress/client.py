"""The client: one POST after another, over connections that are kept, checked and bounded."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from ninefold.core.egress.addresses import AddressPolicy
from ninefold.core.egress.connection import STALE_WITHIN_S, Connection, StaleConnectionError, Waiter
from ninefold.core.egress.connector import Connector, default_tls_context
from ninefold.core.egress.errors import (
    ConnectionClosedError,
    ConnectTimeoutError,
    DnsFailedError,
    LocalLimitError,
    ResponseTimeoutError,
)
from ninefold.core.egress.limits import EgressLimits
from ninefold.core.egress.pool import ConnectionPool
from ninefold.core.egress.resolver import Resolver, SystemResolver
from ninefold.core.egress.response import EgressResponse
from ninefold.core.egress.target import Target

WAIT_SHARE_MAX: Final = 0.5
"""Of a request's time, how much may go by waiting for a connection before running out of the rest is our own fault."""

_CLOSE_TIMEOUT_S: Final = 1.0
_TIMER_SLACK_S: Final = 0.01
"""How much too early a timer may end: the event loop counts in milliseconds."""

_OUT_OF_TIME: Final = (DnsFailedError, ConnectTimeoutError, ResponseTimeoutError)
_CLOSED: Final = "The request was ended because this process is shutting down."


class EgressClient:
    """Sends requests to targets that other people chose.

    Redirects aren't followed, cookies aren't kept, bodies aren't decompressed, and no proxy of the
    environment is used: each of them would lead past the checks. A client belongs to the event loop that it is made in.

    Args:
        policy: which addresses may be reached.
        limits: the bounds of connections and responses; the default ones, within the open files that this process may
            have, where there are none.
        resolver: where addresses come from; the system's resolver by default.
        tls: for `https`; the system's authorities and TLS 1.2 or newer by default.
    """

    def __init__(
        self,
        policy: AddressPolicy,
        *,
        limits: EgressLimits | None = None,
        resolver: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._limits = limits or EgressLimits.of_this_process()
        self._resolver = resolver or SystemResolver()
        self._pool = ConnectionPool(self._limits)
        self._connector = Connector(
            policy=policy,
            resolver=self._resolver,
            tls=tls or default_tls_context(),
            limits=self._limits,
            owner=self._pool,
        )
        self._opening: set[asyncio.Timeout] = set()
        self._is_closed = False

    @property
    def connections_max(self) -> int:
        """How many connections may be open at once; a request beyond them waits."""
        return self._limits.connections_max

    @property
    def open_connections(self) -> int:
        """How many connections are open, in use or idle."""
        return self._pool.open_count

    async def post(self, target: Target, *, head: bytes, body: bytes, timeout_s: float) -> EgressResponse:
        """Send a POST and return what comes back, of whatever status.

        Cancelling it closes the connection.

        Args:
            target: where to.
            head: header lines as `encode_headers` makes them; `host` and `content-length` are added here.
            body: sent as it is.
            timeout_s: for everything together: waiting for a connection, opening it, request and response.

        Raises:
            EgressError: no response; its `error_class` says why.
        """
        request = _join_request(target, head=head, body=body)
        time = _Time(deadline=self._loop.time() + timeout_s, timeout_s=timeout_s)
        try:
            return await self._post(target, request, time)
        except _OUT_OF_TIME:
            self._check_wait(time)
            raise

    async def post_afresh(
        self, target: Target, *, head: bytes, body: bytes, timeout_s: float, spent_s: float
    ) -> EgressResponse:
        """Send a POST that `post_at_once` lost to a stale connection once more: over a new one, and no third time.

        Args:
            target: where to.
            head: as for `post`.
            body: as for `post`.
            timeout_s: for everything together, as it was at first.
            spent_s: how much of it has gone by.

        Raises:
            EgressError: no response; its `error_class` says why.
        """
        request = _join_request(target, head=head, body=body)
        time = _Time(deadline=self._loop.time() + timeout_s - spent_s, timeout_s=timeout_s)
        try:
            return await self._post_over_new(target, request, time)
        except _OUT_OF_TIME:
            self._check_wait(time)
            raise

    def post_at_once(self, target: Target, *, head: bytes, body: bytes, timeout_s: float, waiter: Waiter) -> bool:
        """Send a POST over a connection that is idle at this moment, if there is one.

        It is `post` without its waiting, and costs half: no task, no future, no turn of the event loop.

        Args:
            target: where to.
            head: as for `post`.
            body: as for `post`.
            timeout_s: as for `post`.
            waiter: gets the response or an `EgressError`, later. `StaleConnectionError` means that the connection had
                ended unnoticed, if it comes within `STALE_WITHIN_S`: `post_afresh` then.

        Returns:
            False if no connection is idle; then nothing was sent, and the waiter isn't told.
        """
        connection = self._pool.take(target.origin)
        if connection is None:
            return False
        deadline = self._loop.time() + timeout_s
        request = _join_request(target, head=head, body=body)
        try:
            connection.send(request, deadline=deadline, timeout_s=timeout_s, waiter=waiter)
        except StaleConnectionError:
            return False
        return True

    async def aclose(self) -> None:
        """Close all connections; requests under way, and later ones, end with `ConnectionClosedError`."""
        self._is_closed = True
        for bound in self._opening:
            if not bound.expired():
                bound.reschedule(self._loop.time())
        self._pool.fail_all(ConnectionClosedError(_CLOSED))
        self._resolver.close()
        await self._pool.wait_until_empty(timeout_s=_CLOSE_TIMEOUT_S)

    async def _post(self, target: Target, request: bytes, time: "_Time") -> EgressResponse:
        connection = self._pool.take(target.origin) or await self._open(target, time)
        sent_at = self._loop.time()
        try:
            return await _exchange(connection, request, time)
        except StaleConnectionError:
            if self._loop.time() - sent_at > STALE_WITHIN_S:
                raise
        # It was a kept one: once more, on a fresh one.
        return await self._post_over_new(target, request, time)

    async def _post_over_new(self, target: Target, request: bytes, time: "_Time") -> EgressResponse:
        return await _exchange(await self._open(target, time, is_kept_welcome=False), request, time)

    async def _open(self, target: Target, time: "_Time", *, is_kept_welcome: bool = True) -> Connection:
        """Return a connection that has become free while we waited, where that is welcome, or a new one."""
        self._check_open()
        connection = await self._reserve(target.origin if is_kept_welcome else None, time)
        return connection or await self._connect(target, time)

    async def _reserve(self, origin: str | None, time: "_Time") -> Connection | None:
        """Wait for a connection that becomes free, or the right to a new one (None)."""
        began_at = self._loop.time()
        try:
            async with self._until(time.deadline):
                return await self._pool.reserve(origin)
        except TimeoutError:
            self._check_open()
            raise LocalLimitError(
                f"None of Ninefold's {self._limits.connections_max} connections became free "
                f"within {time.timeout_s:.3g} s."
            ) from None
        finally:
            time.waited_s += self._loop.time() - began_at

    async def _connect(self, target: Target, time: "_Time") -> Connection:
        """Fill the slot that was reserved, within the time for connecting."""
        deadline = min(time.deadline, self._loop.time() + self._limits.connect_timeout_s)
        connection = None
        try:
            self._check_open()
            async with self._until(deadline):
                connection = await self._connector.connect(target, deadline=deadline)
        except TimeoutError:
            self._check_open()
            raise ConnectTimeoutError(f"No connection to {target.host} could be opened in time.") from None
        finally:
            if connection is None:
                self._pool.release()
            else:
                self._pool.adopt(connection)
        return connection

    @asynccontextmanager
    async def _until(self, deadline: float) -> AsyncIterator[None]:
        """Raise `TimeoutError` at a deadline, and as soon as the client is closed."""
        async with asyncio.timeout_at(deadline) as bound:
            self._opening.add(bound)
            try:
                yield
            finally:
                self._opening.discard(bound)

    def _check_open(self) -> None:
        if self._is_closed:
            raise ConnectionClosedError(_CLOSED) from None

    def _check_wait(self, time: "_Time") -> None:
        """Take the blame for a request that ran out of time, if most of that went by waiting for us."""
        has_run_out = self._loop.time() >= time.deadline - _TIMER_SLACK_S
        if has_run_out and time.waited_s > WAIT_SHARE_MAX * time.timeout_s:
            raise LocalLimitError(
                f"All of Ninefold's {self._limits.connections_max} connections were busy for {time.waited_s:.3g} s "
                f"of {time.timeout_s:.3g} s, and the rest wasn't enough."
            ) from None


class _Time:
    """The time of one request, and how much of it went by waiting for a connection."""

    __slots__ = ("deadline", "timeout_s", "waited_s")

    def __init__(self, *, deadline: float, timeout_s: float) -> None:
        self.deadline = deadline
        self.timeout_s = timeout_s
        self.waited_s = 0.0


def _join_request(target: Target, *, head: bytes, body: bytes) -> bytes:
    return b"".join((target.request_head, head, b"content-length: %d\r\n\r\n" % len(body), body))


async def _exchange(connection: Connection, request: bytes, time: _Time) -> EgressResponse:
    """Send a request and wait for its response; who is cancelled meanwhile closes the connection."""
    waiter: asyncio.Future[EgressResponse] = asyncio.get_running_loop().create_future()
    connection.send(request, deadline=time.deadline, timeout_s=time.timeout_s, waiter=waiter)
    try:
        return await waiter
    except asyncio.CancelledError:
        connection.abort()
        raise
    finally:
        # It holds the error whose traceback holds this frame, and with it the request.
        del waiter
