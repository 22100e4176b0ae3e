"""Responses, and the headers that their heads contain."""

import contextlib
from typing import Final

import httptools
import msgspec

from ninefold.core.egress.timings import EgressTimings

_STATUS_OK: Final = 200


class ResponseHead(msgspec.Struct, frozen=True, gc=False):
    """Status and headers of a response; a redirect is one too, and isn't followed."""

    status: int
    head: bytes
    """The response as it came, from its beginning to the end of its head or beyond."""

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The headers as they were sent, with their order, case and repetitions. They are parsed at each use."""
        return parse_headers(self.head) or []

    def header(self, name: bytes) -> bytes | None:
        """Return the first value of a header, or None.

        Args:
            name: in lower case, such as `b"retry-after"`.
        """
        for found_name, value in self.headers:
            if found_name.lower() == name:
                return value
        return None


class EgressResponse(ResponseHead, frozen=True, gc=False):
    """A response with its body, or the beginning of it."""

    body: bytes
    """As it came: not decompressed."""
    is_body_truncated: bool
    """Whether `body` isn't the whole body: it is too long, ended early, or its end couldn't be found."""
    timings: EgressTimings | None = None
    """The phases of a request by `post` or `post_at_once`; None for a 2xx over a connection that was open already.

    Those come by the thousand, and all of their time is waiting for the response.
    """


def parse_headers(head: bytes) -> list[tuple[bytes, bytes]] | None:
    """Return the headers of a response, of which these are the first bytes; None if they don't contain the whole head.

    Interim responses (RFC 9110 §15.2) before it are skipped.
    """
    reader = _HeaderReader()
    with contextlib.suppress(httptools.HttpParserError, httptools.HttpParserUpgrade):
        reader.parser.feed_data(head)
    del reader.parser  # It refers to the reader's methods: else only the cycle collector would free the two.
    return reader.headers if reader.is_complete else None


class _HeaderReader:
    """Collects headers for `parse_headers`. Connections don't: hardly any response's headers are ever asked for."""

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.is_complete = False
        self.parser = httptools.HttpResponseParser(self)

    def on_message_begin(self) -> None:
        """Drop the headers of an interim response."""
        if not self.is_complete:
            self.headers.clear()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header, but no trailer and nothing that follows the response."""
        if not self.is_complete:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Stop after the headers of the final response."""
        if self.parser.get_status_code() >= _STATUS_OK:
            self.is_complete = True
