"""Read headers that decide whether a callback is genuine."""

from collections.abc import Sequence

from ninefold.systems.callbacks.verification.model import HEADER_LENGTH_MAX, ReceivedRequest
from ninefold.systems.callbacks.verification.rejection import RejectionError


def single_header(request: ReceivedRequest, name: str) -> bytes:
    """Return the value of a header that must be there exactly once.

    Raises:
        RejectionError: it is missing, too long, or there several times, so that nobody knows which value counts.
    """
    values = any_header(request, [name])
    if len(values) > 1:
        raise RejectionError("header_repeated", f"The request has {len(values)} headers {name}, where one is expected.")
    return values[0]


def any_header(request: ReceivedRequest, names: Sequence[str]) -> list[bytes]:
    """Return all values of the first of these headers that the request has.

    Raises:
        RejectionError: it has none of them, or a value is too long.
    """
    for name in names:
        if values := request.header_values(name):
            if max(map(len, values)) > HEADER_LENGTH_MAX:
                raise RejectionError("header_malformed", f"{name} is longer than {HEADER_LENGTH_MAX:,} bytes.")
            return [value.strip() for value in values]
    raise RejectionError("header_missing", f"The request has no header {' or '.join(names)}.")
