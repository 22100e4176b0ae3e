"""A connection: writes one request at a time, reads its response, and enforces the limits.

This is the hot path of Ninefold. Therefore it is an `asyncio.Protocol` that `httptools` (llhttp) calls back, and not a
stream: there is no task, no lock and no buffer of our own between the socket and the parser. One timer per connection
serves all its requests: a new deadline that is later than the timer is only stored, and checked when the timer fires.
"""

import asyncio
import math
import re
import ssl
from time import perf_counter
from typing import Final, Protocol, cast

import httptools
import msgspec

from ninefold.core.egress.errors import (
    ConnectionClosedError,
    EgressError,
    ResponseTimeoutError,
    StaleConnectionError,
)
from ninefold.core.egress.limits import EgressLimits
from ninefold.core.egress.reader import ResponseReader
from ninefold.core.egress.response import EgressResponse
from ninefold.core.egress.timings import EgressTimings
from ninefold.core.egress.tls import explain_tls_error

_KEEP_ALIVE_TIMEOUT: Final = re.compile(rb"timeout\s*=\s*(\d{1,9})", re.IGNORECASE)
_KEEP_ALIVE_MARGIN_S: Final = 1.0
"""We close an idle connection this much earlier than the server, so that it doesn't close during a request."""

_STATUS_REDIRECT_MIN: Final = 300
_OPENED_EARLIER: Final = EgressTimings()


class ResponseHandler(Protocol):
    """Is notified of the end of a request: exactly one of these methods is called, once."""

    def on_response(self, response: EgressResponse, /) -> None:
        """Handle the response, whatever its status is."""
        ...

    def on_error(self, error: EgressError, /) -> None:
        """Handle the reason why there is no response."""
        ...


class ConnectionOwner(Protocol):
    """What keeps connections between requests."""

    def put_idle(self, connection: "Connection") -> None:
        """Take back a connection that can serve another request."""
        ...

    def remove(self, connection: "Connection") -> None:
        """Remove a connection that was closed or lost."""
        ...

    def close_oldest_idle(self) -> None:
        """Close an idle connection, so that another can be opened."""
        ...


class Connection(ResponseReader):
    """A connection to one origin.

    Args:
        owner: gets the connection after each request, and is notified when it is lost.
        origin: `scheme://host:port`.
        limits: of each response.
        loop: the running event loop.

    `has_served` is true after its first response. `opening` says how long it took to open, until then.
    """

    __slots__ = (
        "_began_at",
        "_body",
        "_body_length",
        "_borrower",
        "_deadline",
        "_handler",
        "_keep_alive_s",
        "_loop",
        "_owner",
        "_sent_at",
        "_timeout_s",
        "_timer",
        "_timer_at",
        "_transport",
        "has_served",
        "opening",
        "origin",
    )

    def __init__(
        self, *, owner: ConnectionOwner, origin: str, limits: EgressLimits, loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(limits)
        self.origin = origin
        self.has_served = False
        self.opening: EgressTimings | None = None
        self._owner = owner
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._deadline = 0.0
        self._timeout_s = 0.0
        self._began_at = 0.0
        self._sent_at = 0.0
        self._keep_alive_s = math.inf
        self._handler: ResponseHandler | None = None
        self._borrower: ResponseReader | None = None
        self._body = b""
        self._body_length = 0

    @property
    def is_open(self) -> bool:
        """Whether there is a transport: from `connection_made` to `connection_lost`."""
        return self._transport is not None

    @property
    def peer_address(self) -> str:
        """The address at the other end of the connection.

        Raises:
            ConnectionClosedError: it is closed already.
            TlsFailedError: the server closed it for a reason that it told in TLS.
        """
        if self._transport is None:
            raise self._explain_absence(ConnectionClosedError("The connection was closed as soon as it was open."))
        return str(self._transport.get_extra_info("peername")[0])

    def send(self, request: bytes, *, deadline: float, timeout_s: float, handler: ResponseHandler) -> None:
        """Write a whole request; the handler gets the response, or an `EgressError`.

        To give up the request, call `abort`.

        Args:
            request: head and body.
            deadline: when the response has to be complete, in the loop's time.
            timeout_s: how long that was at the beginning, for the error's message.
            handler: called once, and never before this returns.

        Raises:
            StaleConnectionError: the connection is closed already; the handler isn't called.
            TlsFailedError: likewise, for a reason that the server told in TLS.
        """
        transport = self._transport
        if transport is None:
            # Lost since the pool handed it over.
            raise self._explain_absence(StaleConnectionError("The connection was closed before the request was sent."))
        self._handler = handler
        self._timeout_s = timeout_s
        self._deadline = deadline
        if self._timer is None or deadline < self._timer_at:
            self._arm_timer()
        self._began_at = perf_counter()
        transport.write(request)

    def lend(self, borrower: ResponseReader) -> asyncio.Transport:
        """Let another protocol use the transport for one request.

        It ends with `take_back`, or when the borrower forwards `connection_lost`.

        Raises:
            StaleConnectionError: the connection is closed already.
        """
        transport = self._transport
        if transport is None:
            raise self._explain_absence(StaleConnectionError("The connection was closed before the request was sent."))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._borrower = borrower
        transport.set_protocol(borrower)
        return transport

    def take_back(self, *, keep_alive: bytes | None) -> None:
        """Use the transport again, after the borrower has read a whole response.

        Args:
            keep_alive: the response's `Keep-Alive`, if it had one.
        """
        assert self._transport is not None
        self._borrower = None
        self._transport.set_protocol(self)
        self._note_served(keep_alive)
        self._owner.put_idle(self)

    def start_idle_timer(self, *, lifetime_s_max: float) -> None:
        """Close after this time, or the server's `Keep-Alive` if that is shorter, unless a request comes before."""
        deadline = self._loop.time() + min(lifetime_s_max, self._keep_alive_s)
        self._deadline = deadline
        if self._timer is None or deadline < self._timer_at:
            self._arm_timer()

    def abort(self) -> None:
        """Close at once, even during a request."""
        self.is_reusable = False
        if self._transport is not None:
            self._transport.abort()

    def fail(self, error: EgressError) -> None:
        """Close, and end the current request with an error, if there is one."""
        handler, self._handler = self._handler, None
        # The traceback of the error will refer to the frame that waits for it, and that to this connection.
        self._failure = None
        self.abort()
        if self._borrower is not None:
            self._borrower.fail(error)
        if handler is not None:
            handler.on_error(error)

    # Called by the transport.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start with a transport, after the TLS handshake if there is one."""
        self._transport = cast("asyncio.Transport", transport)
        self._parser = httptools.HttpResponseParser(self)

    def data_received(self, data: bytes) -> None:
        """Parse what arrived, and finish if the response is complete."""
        if self._handler is None or self._parser is None:
            # No request is under way: this mustn't be taken for the response to the next one.
            self.abort()
            return
        self._parse(data)
        if self._failure is not None:
            self._end_early(self._failure)
        elif self._is_complete:
            self._finish()
        else:
            self._check_size()

    def pause_writing(self) -> None:
        """Note that the operating system hasn't taken the whole request yet."""
        self._sent_at = math.inf

    def resume_writing(self) -> None:
        """Note when it has taken nearly all of it."""
        self._sent_at = perf_counter()

    def eof_received(self) -> None:
        """Don't reuse the connection: the transport closes itself after this."""
        self.is_reusable = False

    def connection_lost(self, error: Exception | None) -> None:
        """End the current request, and release everything."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._handler is not None:
            if error is None and self._is_delimited_by_end():
                self._finish()
            else:
                if error is None and not self._has_headers:
                    self._end_head()
                self._end_early(self._explain_loss(error, has_served=self.has_served, origin=self.origin))
        elif isinstance(error, ssl.SSLError) and not self.has_served:
            self._failure = explain_tls_error(error, origin=self.origin)
        self.is_reusable = False
        # The parser refers to our methods: without this, only the cycle collector would free the two.
        self._parser = None
        self._transport = None
        self._borrower = None
        self._owner.remove(self)

    # Called by the parser.

    def on_body(self, data: bytes) -> None:
        """Keep the beginning of the body, and count all of it."""
        if self._is_complete:
            return
        self._body_length += len(data)
        room = self._limits.response_body_kept_bytes - len(self._body)
        if room > 0:
            self._body += data[:room]

    def _finish(self, *, is_cut: bool = False) -> None:
        handler, self._handler = self._handler, None
        transport = self._transport
        body = self._body
        is_truncated = is_cut or self._body_length > len(body)
        timings = None if self.has_served and self._status < _STATUS_REDIRECT_MIN else self._measure()
        response = EgressResponse(self._status, self._head, body, is_truncated, timings)
        self._begin_response()
        if handler is not None:
            handler.on_response(response)
        # If the response came before the whole request was sent, the rest of that would go before the next request.
        if self.is_reusable and transport is not None and not transport.get_write_buffer_size():
            if not self.has_served:
                self._note_served(response.header(b"keep-alive"))
            self._owner.put_idle(self)
        else:
            self.abort()

    def _end_early(self, error: EgressError) -> None:
        """End a response that is incomplete or invalid: once its head has arrived, only a part of its body is missing.

        The status is the answer. To treat it as an error would send a request again that the server has accepted.
        """
        if self._has_final_head():
            self.is_reusable = False
            self._finish(is_cut=True)
        else:
            error.status = self._find_status()
            error.timings = self._measure()
            self.fail(error)

    def _end_head(self) -> None:
        """Accept a head that the server ended by closing the connection, as curl does."""
        if b"\n" in self._head.lstrip():
            self._parse_leniently(self._head.rstrip(b"\r\n") + b"\r\n\r\n")

    def _measure(self) -> EgressTimings:
        """Return the phases of the current request; opening the connection is one of its first request only."""
        now = perf_counter()
        # A request that the operating system took at once leaves the time of an earlier one here.
        sent_at = max(self._sent_at, self._began_at)
        return msgspec.structs.replace(
            self.opening or _OPENED_EARLIER,
            send_s=min(sent_at, now) - self._began_at,
            wait_s=now - sent_at if sent_at <= now else None,
        )

    def _begin_response(self) -> None:
        self._head = b""
        self._body = b""
        self._body_length = 0
        self._received_bytes = 0
        self._status = 0
        self._has_headers = False
        self._is_complete = False
        self._failure = None

    def _check_size(self) -> None:
        limits = self._limits
        if self._has_headers:
            if self._received_bytes > limits.response_body_read_bytes:
                self.is_reusable = False
                self._finish(is_cut=True)
        elif self._received_bytes > limits.header_bytes_max:
            self._end_early(self._explain_large_head())

    def _explain_absence(self, default: EgressError) -> EgressError:
        """Return why the connection was closed before it was used; once only, since raising it makes it refer to us."""
        failure, self._failure = self._failure, None
        explained = failure or default
        explained.timings = self.opening
        return explained

    def _note_served(self, keep_alive: bytes | None) -> None:
        self.has_served = True
        self.opening = None
        # `Keep-Alive: timeout=5, max=100` (RFC 2068 §19.7.1). Servers send the same value in all their responses.
        match = _KEEP_ALIVE_TIMEOUT.search(keep_alive or b"")
        if match is not None:
            self._keep_alive_s = max(0.0, int(match[1]) - _KEEP_ALIVE_MARGIN_S)

    def _arm_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = self._deadline
        self._timer = self._loop.call_at(self._deadline, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        if self._deadline > self._loop.time():
            self._arm_timer()
        elif self._handler is None:
            self.abort()
        else:
            self._end_early(self._explain_timeout())

    def _explain_timeout(self) -> ResponseTimeoutError:
        bound = f"within {self._timeout_s:.3g} s"
        if self._has_headers:
            return ResponseTimeoutError(f"The server answered {self._status}, but its response didn't end {bound}.")
        return ResponseTimeoutError(f"No response came {bound}.")
