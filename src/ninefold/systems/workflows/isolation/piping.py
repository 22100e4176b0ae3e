"""Connects two streams: what one says goes to the other, in both directions, until both have ended."""

import asyncio
from contextlib import suppress
from typing import Final, TypeAlias

Streams: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_READ_BYTES: Final = 64 * 1024


async def pipe_both_ways(one: Streams, other: Streams) -> tuple[int, int]:
    """Copy in both directions to the end, close both, and return the bytes from `one` and those to it."""
    try:
        return await asyncio.gather(_copy(one[0], other[1]), _copy(other[0], one[1]))
    finally:
        for _, writer in (one, other):
            writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
    count = 0
    with suppress(OSError):  # One of the two has closed its connection.
        while piece := await reader.read(_READ_BYTES):
            writer.write(piece)
            await writer.drain()
            count += len(piece)
    with suppress(OSError, RuntimeError):
        if writer.can_write_eof():
            writer.write_eof()
    return count
