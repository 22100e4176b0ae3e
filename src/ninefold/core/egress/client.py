"""The client: sends requests over connections that are checked, kept and limited in number."""

import asyncio
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from contextlib import asynccontextmanager, closing
from typing import Final

import msgspec

from ninefold.core.egress.addresses import AddressPolicy
from ninefold.core.egress.connection import Connection, ResponseHandler
from ninefold.core.egress.connector import Connector
from ninefold.core.egress.errors import STALE_WITHIN_S, ConnectionClosedError, EgressError, StaleConnectionError
from ninefold.core.egress.exchange import Exchange, ExchangeTimeouts
from ninefold.core.egress.limits import EgressLimits
from ninefold.core.egress.opening import CLOSED, TIMEOUTS, ConnectionOpener, RequestTime
from ninefold.core.egress.pool import ConnectionPool
from ninefold.core.egress.request import OutgoingRequest, prepare_request
from ninefold.core.egress.resolver import Resolver, SystemResolver
from ninefold.core.egress.response import EgressResponse
from ninefold.core.egress.streamed_response import BODY_BYTES_MAX, StreamedResponse
from ninefold.core.egress.target import Target
from ninefold.core.egress.tls import default_tls_context

_CLOSE_TIMEOUT_S: Final = 1.0


class EgressClient:
    """Sends requests to targets that other people chose.

    `request` and `stream` send any request. `post` and `post_at_once` are for many small ones: they take a head that is
    encoded already, and keep only the beginning of the response.

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
        self._policy = policy
        self._resolver = resolver or SystemResolver()
        self._pool = ConnectionPool(self._limits)
        connector = Connector(
            policy=policy,
            resolver=self._resolver,
            tls=tls or default_tls_context(),
            limits=self._limits,
            owner=self._pool,
        )
        self._opener = ConnectionOpener(self._pool, connector, self._limits)

    @property
    def connections_max(self) -> int:
        """How many connections may be open at once; further requests wait."""
        return self._limits.connections_max

    @property
    def open_connections(self) -> int:
        """How many connections are open, in use or idle."""
        return self._pool.open_count

    async def addresses_of(self, target: Target, *, timeout_s: float) -> list[str]:
        """Return the addresses of a target that a connection may be made to, for a program that makes it itself.

        Raises:
            EgressError: its name has none, or an address is denied.
        """
        if target.is_address:
            return self._policy.select(target.host, [target.host])
        found = await self._resolver.resolve(target.host, timeout_s=timeout_s)
        return self._policy.select(target.host, found)

    async def request(
        self,
        method: str,
        target: Target,
        *,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        timeout_s: float,
        body_bytes_max: int = BODY_BYTES_MAX,
        is_idempotent: bool | None = None,
    ) -> EgressResponse:
        """Send a request and return the whole response, whatever its status is.

        Cancelling it closes the connection.

        Args:
            method: in upper case; any but `CONNECT`.
            target: where to send it.
            headers: names and values; `host` and `content-length` are added here.
            body: sent as it is.
            timeout_s: for everything together: waiting for a connection, opening it, request and response.
            body_bytes_max: how large the body of the response may be.
            is_idempotent: whether the request may be sent again if a kept connection turns out to have been closed;
                None: as the method says (RFC 9110 §9.2.2). True suits a POST with an idempotency key.

        Raises:
            EgressError: no response; its `error_class` says why.
            InvalidHeaderError: a header can't be sent.
            ValueError: the method can't be sent.
        """
        request = prepare_request(method, target, headers=headers, body=body, is_idempotent=is_idempotent)
        time = self._time(timeout_s)
        timeouts = ExchangeTimeouts(head_s=timeout_s, idle_s=timeout_s, total=time)
        try:
            with closing(await self._begin(request, time, timeouts)) as exchange:
                head = await exchange.read_head()
                response = StreamedResponse(exchange, head, body_bytes_max=None)
                body = await response.read(bytes_max=body_bytes_max)
        except TIMEOUTS as timeout:
            self._opener.raise_if_waited_too_long(time, timeout)
            raise
        return EgressResponse(head.status, head.head, body, is_body_truncated=False)

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        target: Target,
        *,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes | AsyncIterable[bytes] = b"",
        body_length: int | None = None,
        head_timeout_s: float = 30.0,
        idle_timeout_s: float = 60.0,
        body_bytes_max: int | None = None,
        is_idempotent: bool | None = None,
    ) -> AsyncIterator[StreamedResponse]:
        """Send a request, and read its response while it arrives.

        ```python
        async with client.stream("POST", target, body=question) as response:
            async for piece in response:
                ...
        ```

        Leaving the block closes the connection, unless the body was read to its end. A body that comes from an iterator
        is sent over a new connection, since it can't be sent twice. If the server answers with an error, or a redirect,
        before it has the whole body, the rest of it isn't sent.

        Args:
            method: as for `request`.
            target: as for `request`.
            headers: as for `request`.
            body: the whole body, or an iterator of its parts.
            body_length: in bytes, for an iterator, if it is known; without it, the body is sent in chunks.
            head_timeout_s: for getting a connection, and then, after the request is sent, for the response's head.
            idle_timeout_s: how long the server may send nothing of the body, or take nothing of the request's.
            body_bytes_max: how large the body of the response may be; None: no limit.
            is_idempotent: as for `request`.

        Raises:
            EgressError: no response, or its body ended early; its `error_class` says why.
            InvalidHeaderError: a header can't be sent.
            ValueError: the method can't be sent, or the body hasn't the length that was announced.
        """
        request = prepare_request(
            method, target, headers=headers, body=body, body_length=body_length, is_idempotent=is_idempotent
        )
        timeouts = ExchangeTimeouts(head_s=head_timeout_s, idle_s=idle_timeout_s)
        with closing(await self._begin(request, self._time(head_timeout_s), timeouts)) as exchange:
            yield StreamedResponse(exchange, await exchange.read_head(), body_bytes_max=body_bytes_max)

    async def post(self, target: Target, *, head: bytes, body: bytes, timeout_s: float) -> EgressResponse:
        """Send a POST and return the response, whatever its status is, with the beginning of its body.

        Cancelling it closes the connection. If a kept connection turns out to have been closed, the POST is sent again,
        and the server may get it twice.

        Args:
            target: where to send it.
            head: header lines, each with its line break; `host` and `content-length` are added here.
            body: sent as it is.
            timeout_s: for everything together: waiting for a connection, opening it, request and response.

        Raises:
            EgressError: no response; its `error_class` says why.
        """
        request = _join_request(target, head=head, body=body)
        time = RequestTime(timeout_s=timeout_s, deadline=self._loop.time() + timeout_s)
        try:
            return await self._post(target, request, time)
        except TIMEOUTS as timeout:
            self._opener.raise_if_waited_too_long(time, timeout)
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
        time = RequestTime(timeout_s=timeout_s, deadline=self._loop.time() + timeout_s - spent_s)
        try:
            return await self._post_over_new_connection(target, request, time)
        except TIMEOUTS as timeout:
            self._opener.raise_if_waited_too_long(time, timeout)
            raise

    def post_at_once(
        self, target: Target, *, head: bytes, body: bytes, timeout_s: float, handler: ResponseHandler
    ) -> Connection | None:
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
            The connection, whose `abort` ends the request while the handler hasn't been called. None if no connection
            is idle; then nothing was sent, and the handler isn't called.
        """
        connection = self._pool.take_idle(target.origin)
        if connection is None:
            return None
        deadline = self._loop.time() + timeout_s
        request = _join_request(target, head=head, body=body)
        try:
            connection.send(request, deadline=deadline, timeout_s=timeout_s, handler=handler)
        except StaleConnectionError:
            return None
        return connection

    async def aclose(self) -> None:
        """Close all connections. Current requests and later ones end with `ConnectionClosedError`."""
        self._opener.close()
        self._pool.fail_all(ConnectionClosedError(CLOSED))
        self._resolver.close()
        await self._pool.wait_until_empty(timeout_s=_CLOSE_TIMEOUT_S)

    async def _begin(self, request: OutgoingRequest, time: RequestTime, timeouts: ExchangeTimeouts) -> Exchange:
        """Send a request, and return its exchange as soon as the head of the response has arrived."""
        sent_at = self._loop.time()
        try:
            return await self._begin_once(request, time, timeouts, may_reuse=not request.is_streamed)
        except StaleConnectionError:
            if not request.is_idempotent or self._loop.time() - sent_at > STALE_WITHIN_S:
                raise
        return await self._begin_once(request, time, timeouts, may_reuse=False)

    async def _begin_once(
        self, request: OutgoingRequest, time: RequestTime, timeouts: ExchangeTimeouts, *, may_reuse: bool
    ) -> Exchange:
        connection = await self._connect(request.target, time, may_reuse=may_reuse)
        exchange = Exchange(connection, request, timeouts=timeouts, limits=self._limits)
        try:
            await exchange.send()
            await exchange.read_head()
        except BaseException:
            exchange.close()
            raise
        return exchange

    async def _connect(self, target: Target, time: RequestTime, *, may_reuse: bool) -> Connection:
        try:
            connection = self._pool.take_idle(target.origin) if may_reuse else None
            connection = connection or await self._opener.open(target, time, may_reuse=may_reuse)
            if not connection.is_reusable:
                # Lost since the pool handed it over.
                connection = await self._opener.open(target, time, may_reuse=False)
        except TIMEOUTS as timeout:
            self._opener.raise_if_waited_too_long(time, timeout)
            raise
        return connection

    async def _post(self, target: Target, request: bytes, time: RequestTime) -> EgressResponse:
        connection = self._pool.take_idle(target.origin) or await self._opener.open(target, time)
        sent_at = self._loop.time()
        try:
            return await self._post_over(connection, request, time)
        except StaleConnectionError:
            if self._loop.time() - sent_at > STALE_WITHIN_S:
                raise
        return await self._post_over_new_connection(target, request, time)

    async def _post_over_new_connection(self, target: Target, request: bytes, time: RequestTime) -> EgressResponse:
        return await self._post_over(await self._opener.open(target, time, may_reuse=False), request, time)

    async def _post_over(self, connection: Connection, request: bytes, time: RequestTime) -> EgressResponse:
        """Send a request and return its response; cancelling it closes the connection."""
        response: asyncio.Future[EgressResponse] = self._loop.create_future()
        connection.send(request, deadline=time.deadline, timeout_s=time.timeout_s, handler=_FutureHandler(response))
        try:
            return await response
        except asyncio.CancelledError:
            connection.abort()
            raise
        finally:
            # An error that it holds has a traceback that refers to this frame, and that to the request.
            del response

    def _time(self, timeout_s: float) -> RequestTime:
        return RequestTime(timeout_s=timeout_s, deadline=self._loop.time() + timeout_s)


def _join_request(target: Target, *, head: bytes, body: bytes) -> bytes:
    return b"".join((target.request_head, head, b"content-length: %d\r\n\r\n" % len(body), body))


class _FutureHandler(msgspec.Struct, gc=False):
    """Sets a future to the outcome of a request, unless it was canceled."""

    future: "asyncio.Future[EgressResponse]"

    def on_response(self, response: EgressResponse, /) -> None:
        if not self.future.done():
            self.future.set_result(response)

    def on_error(self, error: EgressError, /) -> None:
        if not self.future.done():
            self.future.set_exception(error)
