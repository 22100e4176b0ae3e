"""Reads a request's body as it arrives: one chunk at a time, and never more than the size limit."""

from litestar.types import Receive

from ninefold.core.errors import PayloadTooLargeError
from ninefold.core.web.errors import ClientDisconnectedError


class ChunkReader:
    """Reads the chunks of one body.

    Args:
        receive: the request's ASGI function.
        content_length: the Content-Length header; empty without it.
        size_max: the limit of the body, in bytes.

    Raises:
        PayloadTooLargeError: the Content-Length header is larger than the limit.
    """

    def __init__(self, receive: Receive, *, content_length: str, size_max: int) -> None:
        if content_length.isdecimal() and int(content_length) > size_max:
            raise _too_large(size_max)
        self._receive = receive
        self._size = 0
        self._size_max = size_max
        self.is_complete = False

    async def read(self) -> bytes:
        """Return the next chunk, which can be empty. Call it until `is_complete`.

        Raises:
            PayloadTooLargeError: the body is larger than the limit.
            ClientDisconnectedError: the client disconnected before the end of the body.
        """
        message = await self._receive()
        if message["type"] != "http.request":
            raise ClientDisconnectedError("The client disconnected before it had sent the whole body.")
        self.is_complete = not message.get("more_body", False)
        chunk = message["body"]
        self._size += len(chunk)
        if self._size > self._size_max:
            raise _too_large(self._size_max)
        return chunk

    async def read_all(self) -> bytes:
        """Return the whole body.

        Raises:
            PayloadTooLargeError: as `read`.
            ClientDisconnectedError: as `read`.
        """
        # Most bodies are one chunk, and aren't copied.
        chunks = [await self.read()]
        while not self.is_complete:
            chunks.append(await self.read())
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _too_large(size_max: int) -> PayloadTooLargeError:
    return PayloadTooLargeError(
        f"The body is larger than {size_max:,} bytes, the limit of this route.",
        remedy="Send a smaller body.",
    )
