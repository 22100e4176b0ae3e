"""From names and values to the bytes of a request's head, refusing whatever would change its shape."""

import re
from collections.abc import Iterable
from typing import Final

from ninefold.core.errors import InvalidInputError

HEADERS_LENGTH_MAX: Final = 16 * 1024

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?|")
_OURS: Final = frozenset(
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
"""Headers that say where a message ends or whom it is for: the client alone decides these."""


class InvalidHeaderError(InvalidInputError):
    """A header can't be sent."""

    code = "invalid_header"
    title = "Invalid header"


def encode_headers(headers: Iterable[tuple[str, str]]) -> bytes:
    """Return header lines for `EgressClient.post`, each with its end (RFC 9110 §5).

    Raises:
        InvalidHeaderError: a name isn't a token or is one that the client decides, a value has a character
        that
            doesn't belong, or all together are too long.
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
            f"{name[:80]!r} isn't the name of a header.",
            field="headers",
            remedy="Use letters, digits and hyphens.",
        )
    if name.lower() in _OURS:
        raise InvalidHeaderError(f"The header {name} is set by Ninefold.", field="headers", remedy="Leave it out.")
    if not _VALUE.fullmatch(value):
        raise InvalidHeaderError(
            f"The value of the header {name[:80]} has a character that can't be sent.",
            field="headers",
            remedy="Use printable characters, without a line break and without a space at either end.",
        )
