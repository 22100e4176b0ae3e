"""What is left of a request's body when it is refused: it is read and dropped, so that the answer can be read.

A server that answers and closes while its client still sends makes the system reset the connection, and the client
loses the answer: it sees a broken pipe where it should see why it was refused.
"""

import asyncio
from typing import Final

from litestar.types import HTTPScope, Receive
from litestar.types.asgi_types import ReceiveMessage

LEFTOVER_BYTES_MAX: Final = 10 * 1024 * 1024
"""Of a body; twice the largest that any route takes. Whoever sends more may lose the answer."""

LEFTOVER_TIMEOUT_S: Final = 5.0
"""How long the client's sending may keep its answer waiting."""


class RequestBodyReader:
    """Reads a request's body for the application, and what the application left of it."""

    def __init__(self, scope: HTTPScope, receive: Receive) -> None:
        headers = dict(scope["headers"])
        announced = headers.get(b"content-length", b"")
        self._receive = receive
        self._size = 0
        self._is_whole = announced in (b"", b"0") and b"transfer-encoding" not in headers
        self._is_too_large = announced.isdigit() and int(announced) > LEFTOVER_BYTES_MAX
        self._is_waited_for = b"expect" in headers

    async def receive(self) -> ReceiveMessage:
        """Pass a message on to the application."""
        message = await self._receive()
        self._is_waited_for = False
        if message["type"] == "http.request":
            self._size += len(message["body"])
            self._is_whole = not message.get("more_body", False)
        else:
            self._is_whole = True
        return message

    async def drop_leftovers(self) -> None:
        """Read what hasn't been read yet, within limits; nothing where the client waits for us before it sends."""
        if self._is_too_large or self._is_waited_for:
            return
        try:
            async with asyncio.timeout(LEFTOVER_TIMEOUT_S):
                while self._is_left():
                    await self.receive()
        except TimeoutError:
            return

    def _is_left(self) -> bool:
        return not self._is_whole and self._size <= LEFTOVER_BYTES_MAX
