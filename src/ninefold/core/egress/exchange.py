"""One request and its response over a connection that is borrowed for them, read only as fast as the caller reads.

It costs more than `Connection.send`, which deliveries use: callers wait for each step of it. Therefore it is a protocol
of its own, which takes over the transport of a connection and gives it back.
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Final

import httptools
import msgspec

from ninefold.core.egress.connection import Connection
from ninefold.core.egress.errors import ConnectionClosedError, EgressError, ResponseTimeoutError
from ninefold.core.egress.limits import EgressLimits
from ninefold.core.egress.opening import RequestTime
from ninefold.core.egress.reader import STATUS_FINAL_MIN, ResponseReader
from ninefold.core.egress.request import OutgoingRequest
from ninefold.core.egress.response import ResponseHead

BUFFER_BYTES_MAX: Final = 256 * 1024
"""How much of a body is buffered for the caller before reading pauses; a last read, of up to as much, can exceed it."""

_STATUS_REDIRECT_MIN: Final = 300


class ExchangeTimeouts(msgspec.Struct, frozen=True, kw_only=True):
    """How long the server may take; the caller's own time between two reads doesn't count."""

    head_s: float
    """For the head of the response, after the request is sent."""
    idle_s: float
    """For each further part of the response, and for taking each part of the request."""
    total: RequestTime | None = None
    """For everything together; None: no limit."""


class Exchange(ResponseReader):
    """Sends a request, and reads its response.

    Use it in this order: `send`, `read_head`, `read_body` until that returns nothing; `close` at any time.

    Args:
        connection: lends its transport, and gets it back as soon as the response is complete.
        request: the request to send.
        timeouts: of each step.
        limits: of the response's head.

    Raises:
        StaleConnectionError: the connection is closed already.
    """

    __slots__ = (
        "_body",
        "_body_bytes",
        "_can_write",
        "_changed",
        "_connection",
        "_is_reading_paused",
        "_is_sent",
        "_request",
        "_timeouts",
        "_transport",
    )

    def __init__(
        self, connection: Connection, request: OutgoingRequest, *, timeouts: ExchangeTimeouts, limits: EgressLimits
    ) -> None:
        super().__init__(limits)
        self._connection = connection
        self._request = request
        self._timeouts = timeouts
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._can_write = True
        self._is_reading_paused = False
        self._is_sent = False
        self._changed = asyncio.Event()
        self._transport = connection.lend(self)
        self._parser = httptools.HttpResponseParser(self)

    # Called by the client.

    async def send(self) -> None:
        """Write the request as fast as the server takes it; stop if the response shows that the rest is of no use.

        Raises:
            EgressError: the connection ended, or the server took nothing in time.
            ValueError: a streamed body hasn't the length that was announced.
        """
        async with aclosing(self._request.encode()) as pieces:
            async for piece in pieces:
                if self._is_over() or self._is_refused():
                    return
                self._transport.write(piece)
                await self._wait_until(
                    self._is_writable, timeout_s=self._timeouts.idle_s, problem="The server didn't take the request"
                )
        self._is_sent = True

    async def read_head(self) -> ResponseHead:
        """Wait for the head of the response.

        Raises:
            EgressError: the connection ended, the head didn't come in time or isn't valid.
        """
        await self._wait_until(self._has_head, timeout_s=self._timeouts.head_s, problem="No response came")
        return ResponseHead(self._status, self._head)

    async def read_body(self) -> bytes:
        """Wait for more of the body, and return all that has arrived; nothing at its end.

        Raises:
            EgressError: the connection ended before the body did, or nothing came in time.
        """
        missing = "then sent nothing" if self._timeouts.total is None else "its response didn't end"
        await self._wait_until(
            self._has_news,
            timeout_s=self._timeouts.idle_s,
            problem=f"The server answered {self._status}, but {missing}",
        )
        data = b"".join(self._body)
        self._body.clear()
        self._body_bytes = 0
        self._resume_reading()
        return data

    def close(self) -> None:
        """Close the connection, unless the response is complete."""
        if not self._is_over():
            self.fail(ConnectionClosedError("The response wasn't read to its end."))

    def fail(self, error: EgressError) -> None:
        """Close the connection, and let the caller's next step raise an error, unless the response is complete."""
        if not self._is_over():
            self._failure = error
            self._finish()

    # Called by the transport.

    def data_received(self, data: bytes) -> None:
        """Parse what arrived, and give the connection back if the response is complete."""
        if self._is_over():
            return
        self._parse(data)
        if not self._is_over() and not self._has_headers and self._received_bytes > self._limits.header_bytes_max:
            self._failure = self._explain_large_head()
        if self._is_over():
            self._finish()
        else:
            self._changed.set()

    def pause_writing(self) -> None:
        """Stop writing: the server takes the request too slowly."""
        self._can_write = False

    def resume_writing(self) -> None:
        """Continue writing."""
        self._can_write = True
        self._changed.set()

    def eof_received(self) -> None:
        """Don't reuse the connection: the transport closes itself after this."""
        self.is_reusable = False

    def connection_lost(self, error: Exception | None) -> None:
        """End the response, which is complete only if its body is delimited by the end of the connection."""
        if not self._is_over():
            if error is None and self._is_delimited_by_end():
                self._is_complete = True
            else:
                self._failure = self._explain_loss(error, has_served=self._connection.has_served)
        # The parser refers to our methods: without this, only the cycle collector would free the two.
        self._parser = None
        self._connection.connection_lost(error)
        self._changed.set()

    # Called by the parser.

    def on_headers_complete(self) -> None:
        """End the response to HEAD here: the parser doesn't know the request, and would wait for a body."""
        super().on_headers_complete()
        if self._failure is not None:
            # The caller gets the error instead of this head.
            self._has_headers = False
        elif self._request.method == "HEAD" and self._has_head():
            self.on_message_complete()

    def on_body(self, data: bytes) -> None:
        """Keep a part of the body for the caller, and pause reading when that is too much."""
        if self._is_complete:
            # A body in the response to HEAD: it couldn't be distinguished from the next response.
            self.is_reusable = False
            return
        self._body.append(data)
        self._body_bytes += len(data)
        if self._body_bytes > BUFFER_BYTES_MAX and not self._is_reading_paused and not self._transport.is_closing():
            self._is_reading_paused = True
            self._transport.pause_reading()

    def _is_over(self) -> bool:
        return self._is_complete or self._failure is not None

    def _is_refused(self) -> bool:
        return self._status >= _STATUS_REDIRECT_MIN

    def _has_head(self) -> bool:
        return self._has_headers and self._status >= STATUS_FINAL_MIN

    def _has_news(self) -> bool:
        return bool(self._body) or self._is_complete

    def _is_writable(self) -> bool:
        return self._can_write or self._is_complete or self._is_refused()

    def _finish(self) -> None:
        """Give the connection back if another request can follow, or close it."""
        self._parser = None
        # If the response came before the whole request was sent, the rest of that would go before the next request.
        is_sent = self._is_sent and not self._transport.get_write_buffer_size()
        if self._failure is None and self.is_reusable and is_sent:
            self._resume_reading()
            self._connection.take_back(keep_alive=ResponseHead(self._status, self._head).header(b"keep-alive"))
        else:
            self._connection.abort()
        self._changed.set()

    def _resume_reading(self) -> None:
        if self._is_reading_paused and not self._transport.is_closing():
            self._is_reading_paused = False
            self._transport.resume_reading()

    async def _wait_until(self, is_reached: Callable[[], bool], *, timeout_s: float, problem: str) -> None:
        """Wait for one of the callbacks above; raise the failure of the connection, or what a timeout means."""
        if is_reached():
            return
        deadline = asyncio.get_running_loop().time() + timeout_s
        total = self._timeouts.total
        if total is not None and total.deadline < deadline:
            deadline, timeout_s = total.deadline, total.timeout_s
        try:
            async with asyncio.timeout_at(deadline):
                while not is_reached():
                    self._check_failure()
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise ResponseTimeoutError(f"{problem} within {timeout_s:.3g} s.") from None

    def _check_failure(self) -> None:
        if self._failure is not None:
            # A copy: the traceback of the raised error refers to this exchange, which must not refer to the error.
            raise type(self._failure)(*self._failure.args)
