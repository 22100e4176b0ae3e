"""Reads the bodies of callbacks, within the memory that organisations share and within a time."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from litestar.types import Receive

from ninefold.core.queue.fair_share import FairShare
from ninefold.systems.callbacks.errors import BodyTimeoutError, CallbackTooLargeError, InboxFullError
from ninefold.systems.callbacks.model import Header

BODY_BYTES_MAX: Final = 10 * 1024 * 1024
BODIES_BYTES_MAX: Final = 112 * 1024 * 1024
"""The bodies that a server holds in memory, of all organisations; the largest share of one is half of it."""

SMALL_BODY_BYTES_MAX: Final = 64 * 1024
SMALL_BODIES_BYTES_MAX: Final = 16 * 1024 * 1024
"""What is kept in addition for small bodies, so that they still pass if large ones have taken all the rest."""


class BodyMemory:
    """The memory that the bodies of all organisations share, and a part of it that only small bodies may use."""

    def __init__(self) -> None:
        self._any = FairShare(BODIES_BYTES_MAX, multiple=1.0, reserved=BODIES_BYTES_MAX // 4, guaranteed=BODY_BYTES_MAX)
        self._small = FairShare(
            SMALL_BODIES_BYTES_MAX,
            multiple=1.0,
            reserved=SMALL_BODIES_BYTES_MAX // 4,
            guaranteed=SMALL_BODY_BYTES_MAX,
        )

    def share_for(self, organisation_id: UUID, size: int, *, body_bytes: int) -> FairShare | None:
        """Return the part that has room for some bytes more; None if there is none.

        Args:
            organisation_id: whose body it is.
            size: the number of bytes.
            body_bytes: how many bytes the body has with them.
        """
        if self._any.room(organisation_id) >= size:
            return self._any
        is_small = body_bytes <= SMALL_BODY_BYTES_MAX
        return self._small if is_small and self._small.room(organisation_id) >= size else None


class BodyReader:
    """Reads a body, and counts its bytes in the memory that organisations share until it is released.

    Args:
        memory: how much all bodies may have.
        organisation_id: whose body it is.
        timeout_s: seconds within which the whole body must arrive.
    """

    def __init__(self, memory: BodyMemory, *, organisation_id: UUID, timeout_s: float) -> None:
        self._memory = memory
        self._organisation_id = organisation_id
        self._timeout_s = timeout_s
        self._taken: list[tuple[FairShare, int]] = []
        self._size = 0

    async def read(self, headers: Iterable[Header], receive: Receive) -> bytes | None:
        """Return the whole body; None if the client has disconnected.

        Raises:
            CallbackTooLargeError: it is larger than `BODY_BYTES_MAX`.
            BodyTimeoutError: it didn't arrive in time.
            InboxFullError: there is no room for it.
        """
        _check_content_length(headers)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._read(receive)
        except TimeoutError as error:
            raise BodyTimeoutError(
                f"The body didn't arrive within {self._timeout_s:g} s.", remedy="Send the same request again, faster."
            ) from error

    def release(self) -> None:
        """Count the body's bytes as free."""
        for share, size in self._taken:
            share.give_back(self._organisation_id, size)
        self._taken.clear()

    async def _read(self, receive: Receive) -> bytes | None:
        chunks: list[bytes] = []
        is_more = True
        while is_more:
            message: Any = await receive()
            if message["type"] != "http.request":
                return None
            if chunk := message["body"]:
                self._take(len(chunk))
                chunks.append(chunk)
            is_more = message.get("more_body", False)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _take(self, size: int) -> None:
        self._size += size
        if self._size > BODY_BYTES_MAX:
            raise _too_large()
        share = self._memory.share_for(self._organisation_id, size, body_bytes=self._size)
        if share is None:
            raise InboxFullError(
                "This server holds as many callbacks in memory as it can.",
                remedy="Send the same request again after the time in Retry-After.",
            )
        share.take(self._organisation_id, size)
        self._taken.append((share, size))


def _check_content_length(headers: Iterable[Header]) -> None:
    for name, value in headers:
        if name == b"content-length" and value.isdigit() and int(value) > BODY_BYTES_MAX:
            raise _too_large()


def _too_large() -> CallbackTooLargeError:
    return CallbackTooLargeError(
        f"The body is larger than {BODY_BYTES_MAX:,} bytes.", remedy="Let the provider send less, or a link instead."
    )
