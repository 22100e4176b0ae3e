"""The messages that wait to be sent to one client, in a bounded buffer."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Generic

from ninefold.core.live.batches import EncodedT
from ninefold.core.live.limits import WRITE_SIZE_MAX


class Outbox(Generic[EncodedT]):
    """Sends messages one after the other, as fast as the client reads.

    Args:
        write: sends one message, and returns when there is room for the next.
        separator: stands between messages that are joined.
        size_max: how much can wait, in bytes or characters. A single message can be larger.
        overflow: called once when too much is waiting.
    """

    def __init__(
        self,
        write: Callable[[EncodedT], Awaitable[None]],
        *,
        separator: EncodedT,
        size_max: int,
        overflow: Callable[[], None],
    ) -> None:
        self._write: Final[Callable[[EncodedT], Awaitable[None]]] = write
        self._separator: Final[EncodedT] = separator
        self._size_max: Final = size_max
        self._overflow: Final = overflow
        self._messages: deque[EncodedT] = deque()
        self._size = 0
        self._is_closed = False
        self._not_empty: asyncio.Future[None] | None = None
        self._has_room: asyncio.Future[None] | None = None
        self._is_finished: Final = asyncio.Event()

    def put(self, message: EncodedT) -> None:
        """Add a message. After `close`, or after an overflow, it is dropped."""
        if self._is_closed:
            return
        if self._size and self._size + len(message) > self._size_max:
            self._messages.clear()
            self.close()
            self._overflow()
            return
        self._messages.append(message)
        self._size += len(message)
        _wake(self._not_empty)

    def close(self) -> None:
        """Accept no more messages; `run` returns when those that wait have been sent."""
        self._is_closed = True
        _wake(self._not_empty)
        _wake(self._has_room)

    async def wait_for_room(self) -> None:
        """Wait until at most half of the buffer is in use."""
        while self._size > self._size_max / 2 and not self._is_closed:
            if self._has_room is None or self._has_room.done():
                self._has_room = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._has_room)

    async def run(self) -> None:
        """Send messages until the outbox is closed and empty."""
        while True:
            if self._messages:
                message = self._take()
                await self._write(message)
                self._size -= len(message)
                if self._size <= self._size_max / 2:
                    _wake(self._has_room)
            elif self._is_closed:
                self._is_finished.set()
                return
            else:
                self._not_empty = asyncio.get_running_loop().create_future()
                await self._not_empty

    async def finished(self) -> None:
        """Wait until `run` has sent everything."""
        await self._is_finished.wait()

    def _take(self) -> EncodedT:
        """Return the next message, joined with those that follow it up to `WRITE_SIZE_MAX`."""
        first = self._messages.popleft()
        if not self._messages:
            return first
        taken, size = [first], len(first)
        while self._messages and size + len(self._messages[0]) <= WRITE_SIZE_MAX:
            taken.append(self._messages.popleft())
            size += len(taken[-1])
        self._size += len(self._separator) * (len(taken) - 1)
        return self._separator.join(taken)


def _wake(future: "asyncio.Future[None] | None") -> None:
    if future is not None and not future.done():
        future.set_result(None)
