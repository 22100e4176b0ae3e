"""The client: one POST after another, over connections that are kept, checked and bounded."""

import asyncio
import ssl
from typing import Final

from ninefold.core.egress.addresses import AddressPolicy
from ninefold.core.egress.connection import STALE_WITHIN_S, Connection, StaleConnectionError, Waiter
from ninefold.core.egress.connector import Connector, default_tls_context
from ninefold.core.egress.errors import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EgressError,
    LocalLimitError,
)
from ninefold.core.egress.limits import EgressLimits
from ninefold.core.egress.pool import ConnectionPool
from ninefold.core.egress.resolver import Resolver, SystemResolver
from ninefold.core.egress.response import EgressResponse
from ninefold.core.egress.target import Target

_CLOSE_TIMEOUT_S: Final = 1.0
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
        deadline = self._loop.time() + timeout_s
        connection = self._pool.take(target.origin)
        if connection is None:
            connection = await self._open(target, deadline=deadline, timeout_s=timeout_s)
        sent_at = self._loop.time()
        try:
            return await _exchange(connection, request, deadline=deadline, timeout_s=timeout_s)
        except StaleConnectionError:
            if self._loop.time() - sent_at > STALE_WITHIN_S:
                raise
        # It was a kept one: once more, on a fresh one.
        connection = await self._open(target, deadline=deadline, timeout_s=timeout_s, is_kept_welcome=False)
        return await _exchange(connection, request, deadline=deadline, timeout_s=timeout_s)

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
        deadline = self._loop.time() + timeout_s - spent_s
        connection = await self._open(target, deadline=deadline, timeout_s=timeout_s, is_kept_welcome=False)
        return await _exchange(connection, request, deadline=deadline, timeout_s=timeout_s)

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

    async def _open(
        self, target: Target, *, deadline: float, timeout_s: float, is_kept_welcome: bool = True
    ) -> Connection:
        """Return a connection that has become free while we waited, where that is welcome, or a new one."""
        self._check_open()
        failure: EgressError = LocalLimitError(
            f"None of Ninefold's {self._limits.connections_max} connections became free within {timeout_s:.3g} s."
        )
        try:
            async with asyncio.timeout_at(deadline) as bound:
                self._opening.add(bound)
                try:
                    connection = await self._pool.reserve(target.origin if is_kept_welcome else None)
                    if connection is not None:
                        return connection
                    failure = ConnectTimeoutError(f"No connection to {target.host} could be opened in time.")
                    return await self._connect(target, bound=bound, deadline=deadline)
                finally:
                    self._opening.discard(bound)
        except TimeoutError:
            self._check_open()
            raise failure from None
        finally:
            # The error's traceback holds this frame: the two, and the request, would wait for the cycle collector.
            del failure

    def _check_open(self) -> None:
        if self._is_closed:
            raise ConnectionClosedError(_CLOSED) from None

    async def _connect(self, target: Target, *, bound: asyncio.Timeout, deadline: float) -> Connection:
        """Fill the slot that was reserved, within the time for connecting."""
        now = self._loop.time()
        connect_deadline = min(deadline, now + self._limits.connect_timeout_s)
        try:
            if not bound.expired():
                bound.reschedule(connect_deadline)
            connection = await self._connector.connect(target, deadline=connect_deadline)
        except BaseException:
            self._pool.release()
            raise
        self._pool.adopt(connection)
        return connection


def _join_request(target: Target, *, head: bytes, body: bytes) -> bytes:
    return b"".join((target.request_head, head, b"content-length: %d\r\n\r\n" % len(body), body))


async def _exchange(connection: Connection, request: bytes, *, deadline: float, timeout_s: float) -> EgressResponse:
    """Send a request and wait for its response; who is cancelled meanwhile closes the connection."""
    waiter: asyncio.Future[EgressResponse] = asyncio.get_running_loop().create_future()
    connection.send(request, deadline=deadline, timeout_s=timeout_s, waiter=waiter)
    try:
        return await waiter
    except asyncio.CancelledError:
        connection.abort()
        raise
    finally:
        # It holds the error whose traceback holds this frame, and with it the request.
        del waiter
