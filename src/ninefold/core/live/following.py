"""Follows channels for code of this process: for a protocol that streams what they say in a form of its own.

The channels are read together with those of the clients of live feeds: once per process, with one query for all that
have changed.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from ninefold.core.live.batches import Batch
from ninefold.core.live.errors import PositionLostError
from ninefold.core.live.hub import Hub
from ninefold.core.live.model import Entry, StreamPosition
from ninefold.core.live.subscriptions import Subscription


class Follower:
    """Reads channels for one reader: an asynchronous context that ends the reading.

        async with Follower(hub) as follower:
            await follower.open("chess.game:game_…", after=0)
            while True:
                channel, entries = await follower.next()

    Who may read the channels is checked by the caller.

    Args:
        hub: reads the channels of this process.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub: Final = hub
        self._size_max: Final = hub.buffer_size_max
        self._subscriptions: list[Subscription] = []
        self._batches: deque[Batch] = deque()
        self._size = 0
        self._is_lost = False
        self._has_changed: Final = asyncio.Event()
        self._has_room: Final = asyncio.Event()
        self._has_room.set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        del kind, error, traceback
        for subscription in self._subscriptions:
            subscription.close()

    async def open(self, name: str, *, after: int | None = None) -> int:
        """Follow another channel.

        Args:
            name: that of the channel.
            after: the offset of the last entry that is known; None to begin with the next one.

        Returns:
            The offset after which the entries are.

        Raises:
            ChannelNotFoundError: no feed has channels with such a name.
            PositionLostError: the log no longer has everything that follows `after`.
            DatabaseUnavailableError: PostgreSQL is unavailable.
        """
        feed, channel = self._hub.find_feed(name)
        since = None if after is None else StreamPosition("", after)
        subscription = await self._hub.open(feed, channel, subscriber=self, since=since)
        self._subscriptions.append(subscription)
        if since is not None and not subscription.is_recovered:
            raise PositionLostError
        if subscription.first is not None:
            self.deliver(subscription.first)
        subscription.start()
        return subscription.offset if after is None else after

    async def next(self) -> tuple[str, Sequence[Entry]]:
        """Return the next entries of one of the channels, and its name. If nothing happens, this waits.

        Raises:
            PositionLostError: entries are missing, because they were deleted or the caller was too slow.
        """
        while not self._batches:
            if self._is_lost:
                raise PositionLostError
            self._has_changed.clear()
            await self._has_changed.wait()
        batch = self._batches.popleft()
        self._size -= _size_of(batch)
        if self._size <= self._size_max // 2:
            self._has_room.set()
        return batch.channel, batch.entries

    def deliver(self, batch: Batch) -> None:
        """Keep entries for the caller; called by the channel."""
        if self._is_lost:
            return
        self._size += _size_of(batch)
        if self._batches and self._size > self._size_max:
            self.lose_position()
            return
        if self._size > self._size_max // 2:
            self._has_room.clear()
        self._batches.append(batch)
        self._has_changed.set()

    def lose_position(self) -> None:
        """Note that entries are missing; called by the channel."""
        self._is_lost = True
        self._batches.clear()
        self._has_changed.set()

    def check_access(self) -> bool:
        """Read on: the caller checks who may read."""
        return True

    def show_signal(self, signal: bytes) -> None:
        """Ignore what isn't stored."""

    def show_member(self, *, has_joined: bool, member: bytes) -> None:
        """Ignore who else reads the channel."""

    async def wait_for_room(self) -> None:
        """Wait until the caller has taken most of what it got."""
        await self._has_room.wait()


def _size_of(batch: Batch) -> int:
    return sum(len(entry.data) for entry in batch.entries)
