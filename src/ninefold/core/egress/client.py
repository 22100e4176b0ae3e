"""The client: sends requests over connections that are checked, kept and limited in number."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from ninefold.core.egress.addresses import AddressPolicy
from ninefold.core.egress.connection import Connection, ResponseHandler
from ninefold.core.egress.connector import Connector, default_tls_context
from ninefold.core.egress.errors import (
    STALE_WITHIN_S,
    ConnectionClosedError,
    ConnectTimeoutError,
    DnsFailedError,
    EgressError,
    LocalLimitError,
    ResponseTimeoutError,
    StaleConnectionError,
)
from ninefold.core.egress.limits import EgressLimits
from ninefold.core.egress.pool import ConnectionPool
from ninefold.core.egress.resolver import Resolver, SystemResolver
from ninefold.core.egress.response import EgressResponse
from ninefold.core.egress.target import Target

WAIT_SHARE_MAX: Final = 0.5
"""If a request waited for a connection for more than this share of its time, a timeout counts as `LocalLimitError`."""

_CLOSE_TIMEOUT_S: Final = 1.0
_TIMER_SLACK_S: Final = 0.01
"""How much too early a timer may fire: the event loop counts in milliseconds."""

_TIMEOUTS: Final = (DnsFailedError, ConnectTimeoutError, ResponseTimeoutError)
_CLOSED: Final = "The request was ended because this process is shutting down."


class EgressClient:
    """Sends requests to targets that other people chose.

    Redirects aren't followed, cookies aren't kept, bodies aren't decompressed, and no proxy of the environment is used:
    each of them would bypass the checks. A client belongs to the event loop that it is made in.

    Args:
        policy: which addresses may be reached.
        limits: of connections and responses; by default those of `EgressLimits.of_this_process`.
        resolver: of host names; the system's resolver by default.
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
        """How many connections may be open at once; further requests wait."""
        return self._limits.connections_max

    @property
    def open_connections(self) -> int:
        """How many connections are open, in use or idle."""
        return self._pool.open_count

    async def post(self, target: Target, *, head: bytes, body: bytes, timeout_s: float) -> EgressResponse:
        """Send a POST and return the response, of whatever status, with the beginning of its body.

        Cancelling it closes the connection.

        Args:
            target: where to send it.
            head: header lines, each with its line break, as `encode_headers` returns them; `host` and `content-length`
                are added here.
            body: sent as it is.
            timeout_s: for everything together: waiting for a connection, opening it, request and response.

        Raises:
            EgressError: no response; its `error_class` says why.
        """
        request = _join_request(target, head=head, body=body)
        time = _Time(deadline=self._loop.time() + timeout_s, timeout_s=timeout_s)
        try:
            return await self._post(target, request, time)
        except _TIMEOUTS:
            self._blame_waiting(time)
            raise

    async def post_over_new_connection(
        self, target: Target, *, head: bytes, body: bytes, timeout_s: float, spent_s: float
    ) -> EgressResponse:
        """Send a POST again that `post_at_once` lost to a stale connection: over a new connection, and only once.

        Args:
            target: as for `post`.
            head: as for `post`.
            body: as for `post`.
            timeout_s: for everything together, the first try included.
            spent_s: how much of it is over.

        Raises:
            EgressError: no response; its `error_class` says why.
        """
        request = _join_request(target, head=head, body=body)
        time = _Time(deadline=self._loop.time() + timeout_s - spent_s, timeout_s=timeout_s)
        try:
            return await self._post_over_new_connection(target, request, time)
        except _TIMEOUTS:
            self._blame_waiting(time)
            raise

    def post_at_once(
        self, target: Target, *, head: bytes, body: bytes, timeout_s: float, handler: ResponseHandler
    ) -> bool:
        """Send a POST over an idle connection, if there is one at this moment.

        It costs half as much as `post`, since it needs no task and no future.

        Args:
            target: as for `post`.
            head: as for `post`.
            body: as for `post`.
            timeout_s: as for `post`.
            handler: gets the response or an `EgressError` later. After a `StaleConnectionError` within
                `STALE_WITHIN_S`, send the request again with `post_over_new_connection`.

        Returns:
            False if no connection is idle; then nothing was sent, and the handler isn't called.
        """
        connection = self._pool.take_idle(target.origin)
        if connection is None:
            return False
        deadline = self._loop.time() + timeout_s
        request = _join_request(target, head=head, body=body)
        try:
            connection.send(request, deadline=deadline, timeout_s=timeout_s, handler=handler)
        except StaleConnectionError:
            return False
        return True

    async def aclose(self) -> None:
        """Close all connections. Current requests and later ones end with `ConnectionClosedError`."""
        self._is_closed = True
        for timeout in self._opening:
            if not timeout.expired():
                timeout.reschedule(self._loop.time())
        self._pool.fail_all(ConnectionClosedError(_CLOSED))
        self._resolver.close()
        await self._pool.wait_until_empty(timeout_s=_CLOSE_TIMEOUT_S)

    async def _post(self, target: Target, request: bytes, time: "_Time") -> EgressResponse:
        connection = self._pool.take_idle(target.origin) or await self._open(target, time)
        sent_at = self._loop.time()
        try:
            return await _exchange(connection, request, time)
        except StaleConnectionError:
            if self._loop.time() - sent_at > STALE_WITHIN_S:
                raise
        return await self._post_over_new_connection(target, request, time)

    async def _post_over_new_connection(self, target: Target, request: bytes, time: "_Time") -> EgressResponse:
        return await _exchange(await self._open(target, time, may_reuse=False), request, time)

    async def _open(self, target: Target, time: "_Time", *, may_reuse: bool = True) -> Connection:
        """Return a new connection, or one that became idle while we waited, if it may be reused."""
        self._check_open()
        connection = await self._acquire(target.origin if may_reuse else None, time)
        return connection or await self._connect(target, time)

    async def _acquire(self, origin: str | None, time: "_Time") -> Connection | None:
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

    async def _connect(self, target: Target, time: "_Time") -> Connection:
        """Open a connection in the slot that was acquired, within the time for connecting."""
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
                self._pool.release_slot()
            else:
                self._pool.add(connection)
        return connection

    @asynccontextmanager
    async def _until(self, deadline: float) -> AsyncIterator[None]:
        """Raise `TimeoutError` at a deadline, and as soon as the client is closed."""
        async with asyncio.timeout_at(deadline) as timeout:
            self._opening.add(timeout)
            try:
                yield
            finally:
                self._opening.discard(timeout)

    def _check_open(self) -> None:
        if self._is_closed:
            raise ConnectionClosedError(_CLOSED) from None

    def _blame_waiting(self, time: "_Time") -> None:
        """Raise `LocalLimitError` if a request ran out of time because it waited too long for a connection."""
        has_run_out = self._loop.time() >= time.deadline - _TIMER_SLACK_S
        if has_run_out and time.waited_s > WAIT_SHARE_MAX * time.timeout_s:
            raise LocalLimitError(
                f"All of Ninefold's {self._limits.connections_max} connections were busy for {time.waited_s:.3g} s "
                f"of {time.timeout_s:.3g} s, and the rest wasn't enough."
            ) from None


class _Time:
    """The time of a request, and how much of it was spent on waiting for a connection."""

    __slots__ = ("deadline", "timeout_s", "waited_s")

    def __init__(self, *, deadline: float, timeout_s: float) -> None:
        self.deadline = deadline
        self.timeout_s = timeout_s
        self.waited_s = 0.0


def _join_request(target: Target, *, head: bytes, body: bytes) -> bytes:
    return b"".join((target.request_head, head, b"content-length: %d\r\n\r\n" % len(body), body))


async def _exchange(connection: Connection, request: bytes, time: _Time) -> EgressResponse:
    """Send a request and return its response; cancelling it closes the connection."""
    response: asyncio.Future[EgressResponse] = asyncio.get_running_loop().create_future()
    connection.send(request, deadline=time.deadline, timeout_s=time.timeout_s, handler=_FutureHandler(response))
    try:
        return await response
    except asyncio.CancelledError:
        connection.abort()
        raise
    finally:
        # An error that it holds has a traceback that refers to this frame, and that to the request.
        del response


class _FutureHandler:
    """Sets a future to the outcome of a request."""

    __slots__ = ("_future",)

    def __init__(self, future: "asyncio.Future[EgressResponse]") -> None:
        self._future = future

    def is_abandoned(self) -> bool:
        return self._future.done()

    def on_response(self, response: EgressResponse, /) -> None:
        self._future.set_result(response)

    def on_error(self, error: EgressError, /) -> None:
        self._future.set_exception(error)
