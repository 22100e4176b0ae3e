"""Drains the body of a refused request, so that the client can read the response.

If a server responds and closes the connection while the client is still sending, the kernel resets the connection. The
client then gets a broken pipe instead of the response that says why the request was refused.
"""

import asyncio
from typing import Final

from litestar.types import HTTPScope, Receive
from litestar.types.asgi_types import ReceiveMessage

DRAIN_BYTES_MAX: Final = 10 * 1024 * 1024
"""Bytes of a body; twice the largest limit of any route. A client that sends more may not get the response."""

DRAIN_TIMEOUT_S: Final = 5.0
"""How long draining can delay the response."""


class RequestBodyReader:
    """Passes a request's body on to the application, and drains what the application didn't read."""

    def __init__(self, scope: HTTPScope, receive: Receive) -> None:
        headers = dict(scope["headers"])
        content_length = headers.get(b"content-length", b"")
        self._receive = receive
        self._size = 0
        self._is_complete = content_length in (b"", b"0") and b"transfer-encoding" not in headers
        self._is_too_large = content_length.isdigit() and int(content_length) > DRAIN_BYTES_MAX
        self._expects_continue = b"expect" in headers

    async def receive(self) -> ReceiveMessage:
        """Pass a message on to the application."""
        message = await self._receive()
        self._expects_continue = False
        if message["type"] == "http.request":
            self._size += len(message["body"])
            self._is_complete = not message.get("more_body", False)
        else:
            self._is_complete = True
        return message

    async def drain(self) -> None:
        """Read and discard the rest of the body, within limits; skipped if the client waits for `100 Continue`."""
        if self._is_too_large or self._expects_continue:
            return
        try:
            async with asyncio.timeout(DRAIN_TIMEOUT_S):
                while self._has_unread_bytes():
                    await self.receive()
        except TimeoutError:
            return

    def _has_unread_bytes(self) -> bool:
        return not self._is_complete and self._size <= DRAIN_BYTES_MAX
