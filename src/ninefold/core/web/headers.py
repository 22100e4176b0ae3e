"""The headers that every response has."""

from collections.abc import Iterable
from typing import Final, TypeAlias

Headers: TypeAlias = list[tuple[bytes, bytes]]
"""As in ASGI: names in lower case, and values."""

_DEFAULT_HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)


def with_default_headers(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Return the headers of a response, and those that every response has, unless they are given."""
    own = [*headers]
    given = {name for name, _ in own}
    return [*own, *[header for header in _DEFAULT_HEADERS if header[0] not in given]]
