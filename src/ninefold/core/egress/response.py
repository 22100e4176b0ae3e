"""What came back."""

import contextlib
from typing import Final

import httptools
import msgspec

_STATUS_OK: Final = 200


class EgressResponse(msgspec.Struct, frozen=True, gc=False):
    """A response, of whatever status; a redirect is one too, and isn't followed."""

    status: int
    head: bytes
    """The response as it came, from its beginning to its head's end or beyond."""
    body: bytes
    """The beginning of the body, up to `EgressLimits.response_body_kept_bytes`; not decompressed."""
    is_body_truncated: bool

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The headers as they were sent: order, case and repetition kept. Read anew at each use."""
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


def parse_headers(head: bytes) -> list[tuple[bytes, bytes]] | None:
    """Return the headers of a response that begins with these bytes; None if its head doesn't end in them.

    Interim responses (RFC 9110 §15.2) before it are passed over.
    """
    reader = _HeaderReader()
    with contextlib.suppress(httptools.HttpParserError, httptools.HttpParserUpgrade):
        reader.parser.feed_data(head)
    del reader.parser  # It holds the reader's methods: the two would wait for the cycle collector.
    return reader.headers if reader.is_complete else None


class _HeaderReader:
    """What `httptools` calls back for each header; hardly any response's are ever asked for."""

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.is_complete = False
        self.parser = httptools.HttpResponseParser(self)

    def on_message_begin(self) -> None:
        """Forget what an interim response had."""
        if not self.is_complete:
            self.headers.clear()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; not a trailer, and not what follows the response."""
        if not self.is_complete:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Stop at the final response's."""
        if self.parser.get_status_code() >= _STATUS_OK:
            self.is_complete = True
