"""The body of a request of git, as it arrives: decompressed, counted, and given up if nothing comes for too long."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from typing import Any, Final

from litestar.types import Receive

from ninefold.core.errors import RequestTimeoutError
from ninefold.systems.workflows.errors import GitBodyTooLargeError, InvalidGitRequestError

PIECE_BYTES_MAX: Final = 256 * 1024
IDLE_TIMEOUT_S: Final = 60.0
"""How long a client may send nothing in the middle of a body."""

_GZIP: Final = 16 + zlib.MAX_WBITS


class ClientGoneError(Exception):
    """The client has disconnected before its body was complete."""


async def read_body(receive: Receive, *, is_compressed: bool, bytes_max: int) -> AsyncIterator[bytes]:
    """Yield a body in pieces of at most `PIECE_BYTES_MAX`, decompressed.

    Raises:
        ClientGoneError: the client has disconnected.
        GitBodyTooLargeError: it has more than `bytes_max` bytes, before or after decompression.
        InvalidGitRequestError: it isn't what gzip writes.
        RequestTimeoutError: nothing came for `IDLE_TIMEOUT_S`.
    """
    size = 0
    pieces = _receive(receive)
    async for piece in _decompress(pieces, bytes_max) if is_compressed else pieces:
        size += len(piece)
        if size > bytes_max:
            raise _too_large(bytes_max)
        yield piece


async def _receive(receive: Receive) -> AsyncIterator[bytes]:
    is_more = True
    while is_more:
        try:
            async with asyncio.timeout(IDLE_TIMEOUT_S):
                # Any, because a disconnect has other fields.
                message: Any = await receive()
        except TimeoutError as error:
            raise RequestTimeoutError(
                f"Nothing of the body came for {IDLE_TIMEOUT_S:g} s.", remedy="Send it again."
            ) from error
        if message["type"] != "http.request":
            raise ClientGoneError
        if message["body"]:
            yield message["body"]
        is_more = message.get("more_body", False)


async def _decompress(pieces: AsyncIterator[bytes], bytes_max: int) -> AsyncIterator[bytes]:
    decompressor = zlib.decompressobj(_GZIP)
    size = 0
    try:
        async for piece in pieces:
            size += len(piece)
            if size > bytes_max:
                raise _too_large(bytes_max)
            rest = piece
            while rest and not decompressor.eof:
                yield decompressor.decompress(rest, PIECE_BYTES_MAX)
                rest = decompressor.unconsumed_tail
            if rest or decompressor.unused_data:
                raise InvalidGitRequestError("Something follows the compressed body.", remedy="Send one gzip member.")
        while tail := decompressor.decompress(b"", PIECE_BYTES_MAX):
            yield tail
    except zlib.error as error:
        raise InvalidGitRequestError("The body isn't compressed with gzip.", remedy="Send it again.") from error
    if not decompressor.eof:
        raise InvalidGitRequestError("The compressed body ends too early.", remedy="Send it again.")


def _too_large(bytes_max: int) -> GitBodyTooLargeError:
    return GitBodyTooLargeError(
        f"The request has more than {bytes_max:,} bytes.",
        remedy="Push less at once, or raise NINEFOLD_WORKFLOWS_PUSH_BYTES_MAX.",
    )
