"""A connection: writes one request at a time, reads its response, and enforces the limits.

This is the hot path of Ninefold. Therefore it is an `asyncio.Protocol` that `httptools` (llhttp) calls back, and not a
stream: there is no task, no lock and no buffer of our own between the socket and the parser. One timer per connection
serves all its requests: a new deadline that is later than the timer is only stored, and checked when the timer fires.
"""

import asyncio
import math
import re
from typing import Final, Protocol, cast

import httptools

from ninefold.core.egress.errors import (
    ConnectionClosedError,
    EgressError,
    HeadersTooLargeError,
    ProtocolError,
    ResponseTimeoutError,
    StaleConnectionError,
)
from ninefold.core.egress.limits import EgressLimits
from ninefold.core.egress.response import EgressResponse, parse_headers

_STATUS_CONTINUE: Final = 100
_STATUS_SWITCHING_PROTOCOLS: Final = 101
_STATUS_OK: Final = 200
_HTTP_1: Final = b"HTTP/1."
_KEEP_ALIVE_TIMEOUT: Final = re.compile(rb"timeout\s*=\s*(\d{1,9})", re.IGNORECASE)
_KEEP_ALIVE_MARGIN_S: Final = 1.0
"""We close an idle connection this much earlier than the server, so that it doesn't close during a request."""


class ResponseHandler(Protocol):
    """What is told how a request ended: exactly one of `on_response` and `on_error` is called, once."""

    def is_abandoned(self) -> bool:
        """Return whether the outcome is of no interest any more; then neither method is called."""
        ...

    def on_response(self, response: EgressResponse, /) -> None:
        """Handle the response, of whatever status."""
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


class Connection(asyncio.Protocol):
    """A connection to one origin.

    Args:
        owner: gets the connection after each request, and is told when it is lost.
        origin: `scheme://host:port`.
        limits: of each response.
        loop: the running event loop.

    `is_reusable` is true as long as another request may be written after the present one.
    """

    __slots__ = (
        "_body",
        "_body_length",
        "_deadline",
        "_failure",
        "_handler",
        "_has_headers",
        "_has_served",
        "_head",
        "_is_complete",
        "_keep_alive_s",
        "_limits",
        "_loop",
        "_owner",
        "_parser",
        "_received_bytes",
        "_status",
        "_timeout_s",
        "_timer",
        "_timer_at",
        "_transport",
        "is_reusable",
        "origin",
    )

    def __init__(
        self, *, owner: ConnectionOwner, origin: str, limits: EgressLimits, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.origin = origin
        self.is_reusable = True
        self._owner = owner
        self._limits = limits
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._deadline = 0.0
        self._timeout_s = 0.0
        self._keep_alive_s = math.inf
        self._handler: ResponseHandler | None = None
        self._has_served = False
        self._begin_response()

    def _begin_response(self) -> None:
        self._head = b""
        self._body = b""
        self._body_length = 0
        self._received_bytes = 0
        self._status = 0
        self._has_headers = False
        self._is_complete = False
        self._failure: EgressError | None = None

    @property
    def is_open(self) -> bool:
        """True from when it is made until it is lost."""
        return self._transport is not None

    @property
    def peer_address(self) -> str:
        """The address that the connection really leads to.

        Raises:
            ConnectionClosedError: it is gone already.
        """
        if self._transport is None:
            raise ConnectionClosedError("The connection was closed as soon as it was open.")
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
        """
        transport = self._transport
        if transport is None:
            # Lost since the pool handed it over.
            raise StaleConnectionError("The connection was closed before the request was sent.")
        self._handler = handler
        self._timeout_s = timeout_s
        self._deadline = deadline
        if self._timer is None or deadline < self._timer_at:
            self._arm_timer()
        transport.write(request)

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
        if handler is not None and not handler.is_abandoned():
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
        self._received_bytes += len(data)
        if not self._has_headers:
            self._head += data[: self._limits.header_bytes_max]
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            # After a complete response, only what follows it is unreadable.
            self.is_reusable = False
            if not self._is_complete and self._failure is None:
                self._failure = ProtocolError(f"The server's answer isn't a response in HTTP/1.x: {error}.")
        if self._failure is not None:
            self.fail(self._failure)
        elif self._is_complete:
            self._finish()
        else:
            self._check_size()

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
                self.fail(self._explain_loss(error))
        self.is_reusable = False
        # The parser refers to our methods: without this, only the cycle collector would free the two.
        self._parser = None
        self._transport = None
        self._owner.remove(self)

    # Called by the parser.

    def on_message_begin(self) -> None:
        """Don't reuse the connection after a second response to one request."""
        if self._is_complete:
            self.is_reusable = False

    def on_headers_complete(self) -> None:
        """Store the status, and check the status line and the size of the head."""
        if self._is_complete or self._failure is not None:
            # One read can bring thousands of interim responses; after an error, the rest of them is ignored.
            return
        assert self._parser is not None
        self._has_headers = True
        # Asking the parser is slower, so it is asked only if something came before the status line.
        is_http_1 = not self._status and self._head.startswith(_HTTP_1)
        self._status = self._parser.get_status_code()
        if self._status < _STATUS_CONTINUE or not (is_http_1 or self._parser.get_http_version().startswith("1.")):
            self._failure = self._explain_status_line()
        # Only a read this large can hold a head that is too large, but it may hold a body instead.
        if self._received_bytes > self._limits.header_bytes_max and parse_headers(self._head) is None:
            self._failure = self._explain_large_head()

    def on_body(self, data: bytes) -> None:
        """Keep the beginning of the body, and count all of it."""
        if self._is_complete:
            return
        self._body_length += len(data)
        room = self._limits.response_body_kept_bytes - len(self._body)
        if room > 0:
            self._body += data[:room]

    def on_message_complete(self) -> None:
        """Mark the response as complete; `data_received` goes on from there."""
        if self._is_complete:
            return
        assert self._parser is not None
        status = self._status
        if status >= _STATUS_OK:
            self._is_complete = True
            if not self._parser.should_keep_alive():
                self.is_reusable = False
        elif status == _STATUS_SWITCHING_PROTOCOLS:
            self._failure = ProtocolError("The server switched protocols (101), which wasn't asked for.")
        else:
            # An interim response (RFC 9110 §15.2); its bytes still count, so that there can't be endlessly many.
            self._has_headers = False

    def _finish(self, *, is_cut: bool = False) -> None:
        handler, self._handler = self._handler, None
        transport = self._transport
        body = self._body
        response = EgressResponse(self._status, self._head, body, is_cut or self._body_length > len(body))
        self._begin_response()
        if handler is not None and not handler.is_abandoned():
            handler.on_response(response)
        # If the response came before the whole request was sent, the rest of that would go before the next request.
        if self.is_reusable and transport is not None and not transport.get_write_buffer_size():
            if not self._has_served:
                self._has_served = True
                self._read_keep_alive(response)
            self._owner.put_idle(self)
        else:
            self.abort()

    def _check_size(self) -> None:
        limits = self._limits
        if self._has_headers:
            if self._received_bytes > limits.response_body_read_bytes:
                self.is_reusable = False
                self._finish(is_cut=True)
        elif self._received_bytes > limits.header_bytes_max:
            self.fail(self._explain_large_head())

    def _read_keep_alive(self, response: EgressResponse) -> None:
        # `Keep-Alive: timeout=5, max=100` (RFC 2068 §19.7.1). Servers send the same value in all their responses.
        match = _KEEP_ALIVE_TIMEOUT.search(response.header(b"keep-alive") or b"")
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
            self.fail(self._explain_timeout())

    def _is_delimited_by_end(self) -> bool:
        # RFC 9112 §6.3, rules 4 and 8: without a length, and with transfer codings that don't end in chunked, the body
        # ends where the connection does.
        if not self._has_headers:
            return False
        headers = [(name.lower(), value) for name, value in parse_headers(self._head) or []]
        codings = b",".join(value for name, value in headers if name == b"transfer-encoding").lower()
        applied = [coding.strip() for coding in codings.split(b",") if coding.strip()]
        return applied[-1:] != [b"chunked"] and all(name != b"content-length" for name, _ in headers)

    def _explain_timeout(self) -> ResponseTimeoutError:
        bound = f"within {self._timeout_s:.3g} s"
        if self._has_headers:
            return ResponseTimeoutError(f"The server answered {self._status}, but its response didn't end {bound}.")
        return ResponseTimeoutError(f"No response came {bound}.")

    def _explain_loss(self, error: Exception | None) -> ConnectionClosedError:
        reason = "closed" if error is None else f"lost ({error.__class__.__name__})"
        if self._received_bytes:
            return ConnectionClosedError(f"The connection was {reason} in the middle of the response.")
        if self._has_served:
            return StaleConnectionError(f"The connection was {reason} before the response began.")
        return ConnectionClosedError(f"The connection was {reason} before the response began.")

    def _explain_status_line(self) -> ProtocolError:
        assert self._parser is not None
        return ProtocolError(
            "The server's answer isn't a response in HTTP/1.x: "
            f"it calls itself HTTP/{self._parser.get_http_version()} with the status {self._status:03d}."
        )

    def _explain_large_head(self) -> HeadersTooLargeError:
        return HeadersTooLargeError(
            f"The response's headers exceed the {self._limits.header_bytes_max} bytes that are read at most."
        )
