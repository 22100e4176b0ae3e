"""A response whose body is read while it arrives."""

from typing import Final, Self

from ninefold.core.egress.errors import BodyTooLargeError
from ninefold.core.egress.exchange import Exchange
from ninefold.core.egress.response import ResponseHead

BODY_BYTES_MAX: Final = 1024 * 1024
"""How large a body may be that is read as a whole, unless the caller allows more."""


class StreamedResponse:
    """Status, headers and, as an async iterator of bytes, the body; `EgressClient.stream` makes it.

    A piece is what has arrived since the last one, of any size. Only a small buffer is read ahead of the caller, so a
    slow caller slows the server down.

    Args:
        exchange: what reads the body.
        head: of the response.
        body_bytes_max: how large the whole body may be; None: no limit.
    """

    def __init__(self, exchange: Exchange, head: ResponseHead, *, body_bytes_max: int | None) -> None:
        self._exchange = exchange
        self._body_bytes_max = body_bytes_max
        self._body_bytes = 0
        self.head = head

    @property
    def status(self) -> int:
        """The status, such as 200."""
        return self.head.status

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The headers as they were sent, with their order, case and repetitions. They are parsed at each use."""
        return self.head.headers

    def header(self, name: bytes) -> bytes | None:
        """Return the first value of a header, or None.

        Args:
            name: in lower case, such as `b"content-type"`.
        """
        return self.head.header(name)

    async def read(self, *, bytes_max: int = BODY_BYTES_MAX) -> bytes:
        """Return the rest of the body.

        Args:
            bytes_max: how large it may be.

        Raises:
            EgressError: as for iterating; `BodyTooLargeError` also beyond `bytes_max`.
        """
        pieces = []
        length = 0
        async for piece in self:
            length += len(piece)
            _check_size(length, bytes_max)
            pieces.append(piece)
        return b"".join(pieces)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """Wait for more of the body.

        Raises:
            EgressError: the connection ended before the body did, nothing came in time, or the body is too large.
        """
        piece = await self._exchange.read_body()
        if not piece:
            raise StopAsyncIteration
        self._body_bytes += len(piece)
        if self._body_bytes_max is not None:
            _check_size(self._body_bytes, self._body_bytes_max)
        return piece


def _check_size(length: int, bytes_max: int) -> None:
    if length > bytes_max:
        raise BodyTooLargeError(f"The response's body exceeds the {bytes_max} bytes that are read at most.")
