"""Byte ranges of HTTP requests (RFC 9110 §14)."""

import re
from typing import Final

import msgspec

_RANGE: Final = re.compile(r"bytes=[ \t]*(?P<first>\d{0,18})-(?P<last>\d{0,18})[ \t]*", re.ASCII | re.IGNORECASE)


class ByteRange(msgspec.Struct, frozen=True):
    """A part of a blob: from `start` to before `end`."""

    start: int
    end: int


class UnsatisfiableRangeError(ValueError):
    """The range has no byte of the blob."""


def parse_range(header: str | None, *, size: int) -> ByteRange | None:
    """Return the part that a `Range` header asks for; None means everything.

    A header that isn't one range of bytes is ignored, as RFC 9110 allows: several ranges get the whole blob.

    Raises:
        UnsatisfiableRangeError: the range begins after the end, or is empty.
    """
    match = None if header is None else _RANGE.fullmatch(header)
    if match is None or not (match["first"] or match["last"]):
        return None
    if not match["first"]:
        start, end = max(0, size - int(match["last"])), size
    else:
        start, end = int(match["first"]), min(int(match["last"] or size) + 1, size)
        if match["last"] and int(match["last"]) < start:
            # Invalid, not unsatisfiable (RFC 9110 §14.1.1).
            return None
    if start >= end:
        raise UnsatisfiableRangeError
    return ByteRange(start=start, end=end)
