"""Outgoing requests: checks method and headers, and encodes head and body as HTTP/1.1."""

import re
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable
from typing import Final

import msgspec

from ninefold.core.egress.target import Target
from ninefold.core.errors import InvalidInputError

HEADERS_LENGTH_MAX: Final = 16 * 1024

PIECE_BYTES: Final = 64 * 1024
"""How much of a body is written at once: the server has to take a piece within the idle timeout."""

IDEMPOTENT_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
"""Methods whose requests may be sent again (RFC 9110 §9.2.2)."""

_METHODS_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
"""Methods for which an empty body is announced with `content-length: 0` (RFC 9110 §8.6)."""

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?|")
_SET_BY_CLIENT: Final = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers about the connection and the length of the message, which only the client may set."""


class InvalidHeaderError(InvalidInputError):
    """A header can't be sent."""

    code = "invalid_header"
    title = "Invalid header"


class OutgoingRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request that can be sent; `prepare_request` makes it."""

    target: Target
    method: str
    head: bytes
    """The whole head, with the empty line at its end."""
    body: bytes | AsyncIterable[bytes]
    body_length: int | None
    """None: the length isn't known, and the body is sent in chunks."""
    is_idempotent: bool
    """Whether the server may get the request twice."""

    @property
    def is_streamed(self) -> bool:
        """Whether the body comes from an iterator, and can be sent only once."""
        return not isinstance(self.body, bytes)

    async def encode(self) -> AsyncGenerator[bytes, None]:
        """Yield head and body as they are sent, in pieces.

        Raises:
            ValueError: a streamed body is longer or shorter than its `body_length`.
        """
        if isinstance(self.body, bytes):
            yield self.head + self.body[:PIECE_BYTES]
            for start in range(PIECE_BYTES, len(self.body), PIECE_BYTES):
                yield self.body[start : start + PIECE_BYTES]
            return
        yield self.head
        encoded = _in_chunks(self.body) if self.body_length is None else _of_length(self.body, self.body_length)
        async for piece in encoded:
            yield piece


def prepare_request(
    method: str,
    target: Target,
    *,
    headers: Iterable[tuple[str, str]],
    body: bytes | AsyncIterable[bytes],
    body_length: int | None = None,
    is_idempotent: bool | None = None,
) -> OutgoingRequest:
    """Check and encode a request.

    Args:
        method: in upper case; any but `CONNECT`, which would make the server a proxy.
        target: where to send it.
        headers: names and values; `host`, `content-length` and the like are added here.
        body: the whole body, or an iterator of its parts.
        body_length: in bytes, for an iterator, if it is known.
        is_idempotent: whether the server may get the request twice; None: as the method says.

    Raises:
        ValueError: the method can't be sent.
        InvalidHeaderError: a header can't be sent.
    """
    if not _TOKEN.fullmatch(method) or method == "CONNECT":
        raise ValueError(f"{method!r} isn't a method that can be sent.")
    if isinstance(body, bytes):
        body_length = len(body)
    return OutgoingRequest(
        target=target,
        method=method,
        head=target.head_for(method) + encode_headers(headers) + _framing(method, body_length),
        body=body,
        body_length=body_length,
        is_idempotent=method in IDEMPOTENT_METHODS if is_idempotent is None else is_idempotent,
    )


def encode_headers(headers: Iterable[tuple[str, str]]) -> bytes:
    """Return header lines, each with its line break (RFC 9110 §5).

    Raises:
        InvalidHeaderError: a name isn't a token or is set by the client, a value has a character that can't be sent, or
            all together are too long.
    """
    lines = []
    for name, value in headers:
        _check_header(name, value)
        lines.append(f"{name}: {value}\r\n")
    encoded = "".join(lines).encode("latin-1")
    if len(encoded) > HEADERS_LENGTH_MAX:
        raise InvalidHeaderError(
            f"The headers have {len(encoded)} bytes.",
            field="headers",
            remedy=f"Use at most {HEADERS_LENGTH_MAX} bytes.",
        )
    return encoded


def _check_header(name: str, value: str) -> None:
    if not _TOKEN.fullmatch(name):
        raise InvalidHeaderError(
            f"{name[:80]!r} isn't a valid header name.",
            field="headers",
            remedy="Use letters, digits and hyphens.",
        )
    if name.lower() in _SET_BY_CLIENT:
        raise InvalidHeaderError(f"The header {name} is set by Ninefold.", field="headers", remedy="Leave it out.")
    if not _VALUE.fullmatch(value):
        raise InvalidHeaderError(
            f"The value of the header {name[:80]} has a character that can't be sent.",
            field="headers",
            remedy="Use printable characters, without a line break and without a space at either end.",
        )


def _framing(method: str, body_length: int | None) -> bytes:
    if body_length is None:
        return b"transfer-encoding: chunked\r\n\r\n"
    if body_length or method in _METHODS_WITH_BODY:
        return b"content-length: %d\r\n\r\n" % body_length
    return b"\r\n"


async def _in_chunks(body: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    async for piece in body:
        # An empty chunk would end the body.
        if piece:
            yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


async def _of_length(body: AsyncIterable[bytes], body_length: int) -> AsyncIterator[bytes]:
    # The last piece is held back until the iterator has ended, so that the server never takes the beginning of a body
    # that is too long for the whole.
    length, last_piece = 0, b""
    async for piece in body:
        length += len(piece)
        if length > body_length:
            raise ValueError(f"The request's body is longer than its {body_length} bytes.")
        if length == body_length:
            last_piece += piece
        else:
            yield piece
    if length < body_length:
        raise ValueError(f"The request's body has {length} bytes instead of {body_length}.")
    yield last_piece
