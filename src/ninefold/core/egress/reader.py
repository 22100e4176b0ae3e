"""Reads a response with `httptools` (llhttp): the part that whole and streamed responses have in common."""

import asyncio
import ssl
from abc import ABC, abstractmethod
from typing import Final

import httptools

from ninefold.core.egress.errors import (
    ConnectionClosedError,
    EgressError,
    HeadersTooLargeError,
    ProtocolError,
    StaleConnectionError,
)
from ninefold.core.egress.lenient_head import find_status, may_be_response, repair_head
from ninefold.core.egress.limits import EgressLimits
from ninefold.core.egress.response import parse_headers
from ninefold.core.egress.tls import explain_tls_error

_STATUS_CONTINUE: Final = 100
_STATUS_SWITCHING_PROTOCOLS: Final = 101
STATUS_FINAL_MIN: Final = 200
"""The lowest status that isn't interim (RFC 9110 §15.2)."""

_HTTP_1: Final = b"HTTP/1."
_TLS_RECORDS: Final = (b"\x15\x03", b"\x16\x03")
"""The beginnings of an alert and of a handshake (RFC 8446 §5.1)."""
_NOT_HTTP: Final = "The server's answer isn't a response in HTTP/1.x"


class ResponseReader(asyncio.Protocol, ABC):
    """The state of a response that is being read, and the methods that the parser calls.

    A subclass calls `_parse`, and handles the body in `on_body`.

    Args:
        limits: of the response.

    `is_reusable` is true as long as another request may be sent over the connection after this one.
    """

    __slots__ = (
        "_failure",
        "_has_headers",
        "_head",
        "_is_complete",
        "_limits",
        "_parser",
        "_received_bytes",
        "_status",
        "is_reusable",
    )

    def __init__(self, limits: EgressLimits) -> None:
        self.is_reusable = True
        self._limits = limits
        self._parser: httptools.HttpResponseParser | None = None
        self._head = b""
        self._received_bytes = 0
        self._status = 0
        self._has_headers = False
        self._is_complete = False
        self._failure: EgressError | None = None

    @abstractmethod
    def fail(self, error: EgressError) -> None:
        """Close, and end the current request with an error, if there is one."""

    @abstractmethod
    def on_body(self, data: bytes) -> None:
        """Handle a part of the body."""

    def on_message_begin(self) -> None:
        """Don't reuse the connection after a second response to one request."""
        if self._is_complete:
            self.is_reusable = False

    def on_headers_complete(self) -> None:
        """Store the status, and check it and the size of the head."""
        if self._is_complete or self._failure is not None:
            # One read can bring thousands of interim responses; after an error, the rest of them is ignored.
            return
        assert self._parser is not None
        self._has_headers = True
        # Asking the parser is slower, so it is asked only if something came before the status line.
        is_http_1 = not self._status and self._head.startswith(_HTTP_1)
        self._status = self._parser.get_status_code()
        if not is_http_1 and not self._parser.get_http_version().startswith("1."):
            # Such as HTTP/2.0: the framing is that of HTTP/1.x, but whether another request may follow isn't known.
            self.is_reusable = False
        if self._status < _STATUS_CONTINUE:
            self._failure = self._explain_status_line()
        # Only a read this large can hold a head that is too large, but it may hold a body instead.
        if self._received_bytes > self._limits.header_bytes_max and parse_headers(self._head) is None:
            self._failure = self._explain_large_head()
        if self._failure is not None:
            # The caller gets the error instead of this head.
            self._has_headers = False

    def on_message_complete(self) -> None:
        """Mark the response as complete; `data_received` does the rest."""
        if self._is_complete:
            return
        assert self._parser is not None
        status = self._status
        if status >= STATUS_FINAL_MIN:
            self._is_complete = True
            if not self._parser.should_keep_alive():
                self.is_reusable = False
        elif status == _STATUS_SWITCHING_PROTOCOLS:
            self._failure = ProtocolError("The server switched protocols (101), which wasn't asked for.")
        else:
            # An interim response (RFC 9110 §15.2); its bytes still count, so that there can't be endlessly many.
            self._has_headers = False

    def _parse(self, data: bytes) -> None:
        """Feed the parser; the result is in `_has_headers`, `_is_complete` and `_failure`."""
        assert self._parser is not None
        self._received_bytes += len(data)
        if not self._has_headers:
            self._head += data[: self._limits.header_bytes_max]
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            # After a complete response, only what follows it is unreadable.
            self.is_reusable = False
            if self._is_complete or self._failure is not None:
                return
            if self._has_headers or not may_be_response(self._head):
                self._failure = self._explain_unreadable(error)
            else:
                self._parse_leniently(self._head + data[self._limits.header_bytes_max :])

    def _parse_leniently(self, received: bytes) -> None:
        """Read a response whose head the parser has refused, as soon as that has arrived.

        Until then, the parser refuses each further read too. The result is where `_parse` leaves it.

        Args:
            received: everything that was received.
        """
        repaired = repair_head(received)
        if repaired is None:
            return
        self._head = repaired.head
        self._status = 0
        self._parser = _make_lenient_parser(self)
        try:
            self._parser.feed_data(repaired.head)
            if repaired.is_length_readable:
                self._parser.feed_data(repaired.rest)
            elif not self._is_complete:
                self.on_body(repaired.rest)
                self._failure = ProtocolError("The length of the response's body can't be read.")
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not self._is_complete and self._failure is None:
                self._failure = ProtocolError(f"{_NOT_HTTP}: {error}.")

    def _has_final_head(self) -> bool:
        """Return whether the head of the response has arrived, and not only that of an interim one."""
        return self._has_headers and self._status >= STATUS_FINAL_MIN

    def _find_status(self) -> int | None:
        """Return the status that the server sent, although its response wasn't complete or valid."""
        return find_status(self._head)

    def _is_delimited_by_end(self) -> bool:
        # RFC 9112 §6.3, rules 4 and 8: without a length, and with transfer codings that don't end in chunked, the body
        # ends where the connection does.
        if not self._has_headers:
            return False
        headers = [(name.lower(), value) for name, value in parse_headers(self._head) or []]
        codings = b",".join(value for name, value in headers if name == b"transfer-encoding").lower()
        applied = [coding.strip() for coding in codings.split(b",") if coding.strip()]
        return applied[-1:] != [b"chunked"] and all(name != b"content-length" for name, _ in headers)

    def _explain_loss(self, error: Exception | None, *, has_served: bool, origin: str) -> EgressError:
        if isinstance(error, ssl.SSLError) and not self._received_bytes and not has_served:
            # In TLS 1.3, the server judges the client's certificate only after the handshake.
            return explain_tls_error(error, origin=origin)
        reason = "closed" if error is None else f"lost ({error.__class__.__name__})"
        if self._received_bytes:
            return ConnectionClosedError(f"The connection was {reason} in the middle of the response.")
        if has_served:
            return StaleConnectionError(f"The connection was {reason} before the response began.")
        return ConnectionClosedError(f"The connection was {reason} before the response began.")

    def _explain_unreadable(self, error: Exception) -> ProtocolError:
        if self._head.startswith(_TLS_RECORDS):
            return ProtocolError("The server speaks TLS at this port, and the URL's scheme is http.")
        return ProtocolError(f"{_NOT_HTTP}: {error}.")

    def _explain_status_line(self) -> ProtocolError:
        assert self._parser is not None
        return ProtocolError(
            f"{_NOT_HTTP}: it calls itself HTTP/{self._parser.get_http_version()} with the status {self._status:03d}."
        )

    def _explain_large_head(self) -> HeadersTooLargeError:
        return HeadersTooLargeError(
            f"The response's headers exceed the {self._limits.header_bytes_max} bytes that are read at most."
        )


def _make_lenient_parser(reader: ResponseReader) -> httptools.HttpResponseParser:
    """Return a parser that also accepts chunks whose lines end in a bare LF, or contain spaces."""
    parser = httptools.HttpResponseParser(reader)
    parser.set_dangerous_leniencies(
        lenient_optional_cr_before_lf=True,
        lenient_optional_crlf_after_chunk=True,
        lenient_optional_lf_after_cr=True,
        lenient_spaces_after_chunk_size=True,
    )
    return parser
