"""Boxes of the ISO base media file format (ISO/IEC 14496-12, section 4.2): reads them from streams and from bytes.

What is read can be anything, so that every size is checked and what doesn't fit is refused.
"""

import struct
from collections.abc import AsyncIterator, Iterator
from typing import Final, NamedTuple

HEADER_BYTES: Final = 8
LARGE_HEADER_BYTES: Final = 16
BOXES_MAX: Final = 10_000
"""In one container."""


class BoxError(ValueError):
    """These bytes aren't boxes, or not those that were expected."""


class BoxHeader(NamedTuple):
    """What a box says of itself."""

    kind: bytes
    header_bytes: int
    size: int
    """With the header. 0 means that it goes on to the end of the file."""


class Box(NamedTuple):
    """A box: its kind, and what follows its header."""

    kind: bytes
    payload: bytes


def read_header(data: bytes) -> BoxHeader | None:
    """Read the header at the beginning of `data`; None if it has too few bytes.

    Raises:
        BoxError: the size can't be that of a box.
    """
    if len(data) < HEADER_BYTES:
        return None
    size, kind = struct.unpack_from(">I4s", data)
    header_bytes = HEADER_BYTES
    if size == 1:
        if len(data) < LARGE_HEADER_BYTES:
            return None
        (size,) = struct.unpack_from(">Q", data, HEADER_BYTES)
        header_bytes = LARGE_HEADER_BYTES
    if size != 0 and size < header_bytes:
        raise BoxError(f"a box {kind!r} can't have {size} bytes")
    return BoxHeader(kind, header_bytes, size)


def boxes_in(data: bytes) -> Iterator[Box]:
    """Yield the boxes of a container.

    Raises:
        BoxError: they don't fill it exactly, or there are more than `BOXES_MAX`.
    """
    at = 0
    for _ in range(BOXES_MAX):
        if at == len(data):
            return
        header = read_header(data[at : at + LARGE_HEADER_BYTES])
        if header is None or header.size == 0 or at + header.size > len(data):
            raise BoxError("a box is longer than what it is in")
        yield Box(header.kind, data[at + header.header_bytes : at + header.size])
        at += header.size
    raise BoxError("there are too many boxes")


def find_box(data: bytes, *path: bytes) -> bytes:
    """Return what is in the box at a path, such as `moov`, `trak`, `mdia`: the first one of each kind.

    Raises:
        BoxError: there is none.
    """
    for kind in path:
        for box in boxes_in(data):
            if box.kind == kind:
                data = box.payload
                break
        else:
            raise BoxError(f"there is no box {kind!r}")
    return data


def write_box(kind: bytes, *payload: bytes) -> bytes:
    """Return a box."""
    size = HEADER_BYTES + sum(map(len, payload))
    if size >= 1 << 32:
        return struct.pack(">I4sQ", 1, kind, size + HEADER_BYTES) + b"".join(payload)
    return struct.pack(">I4s", size, kind) + b"".join(payload)


async def read_boxes(chunks: AsyncIterator[bytes], *, size_max: int) -> AsyncIterator[Box]:
    """Yield the boxes of a stream, each once it is complete; holds no more than one of them.

    Args:
        chunks: the stream, in pieces of any size.
        size_max: what a box can have.

    Raises:
        BoxError: the stream has something else, a box is too large, or it ends in the middle of one.
    """
    buffer = bytearray()
    async for chunk in chunks:
        buffer += chunk
        at = 0
        while (header := read_header(bytes(buffer[at : at + LARGE_HEADER_BYTES]))) is not None:
            if header.size == 0 or header.size > size_max:
                raise BoxError(f"a box {header.kind!r} has {header.size:,} bytes")
            if len(buffer) - at < header.size:
                break
            yield Box(header.kind, bytes(buffer[at + header.header_bytes : at + header.size]))
            at += header.size
        del buffer[:at]
    if buffer:
        raise BoxError("the stream ends in the middle of a box")
