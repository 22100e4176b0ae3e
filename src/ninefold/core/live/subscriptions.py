"""Subscriptions: from a client's position through all that it has missed to the newest entries, without a gap."""

import asyncio
from typing import Final, Protocol

import structlog

from ninefold.core.live import metrics
from ninefold.core.live.batches import Batch
from ninefold.core.live.channels import OpenChannel, Subscriber
from ninefold.core.live.errors import PositionLostError
from ninefold.core.live.feeds import Feed
from ninefold.core.live.limits import RETRY_DELAY_S
from ninefold.core.live.model import StreamPosition
from ninefold.core.live.reader import FeedReader
from ninefold.core.postgres.errors import DatabaseUnavailableError

log = structlog.get_logger(__name__)


class ClientSubscriber(Subscriber, Protocol):
    """A subscriber that also says when it can take more."""

    async def wait_for_room(self) -> None:
        """Wait until the client has read most of what was sent."""
        ...


class Subscription:
    """One client's reading of one channel: first what it has missed, if it wants that, then each new entry.

    `open` reads the first part of what was missed. `start` then passes everything that follows to the subscriber.

    Args:
        reader: reads the channel.
        channel: the open channel.
        subscriber: gets the entries.
        size_max: how many bytes of entries it can get at once while it catches up.
    """

    def __init__(
        self, reader: FeedReader, channel: OpenChannel, subscriber: ClientSubscriber, *, size_max: int
    ) -> None:
        self._reader: Final = reader
        self._channel: Final = channel
        self._subscriber: Final = subscriber
        self._size_max: Final = size_max
        self._following: asyncio.Task[None] | None = None
        self._is_closed = False
        self._access_ends: Final = channel.access_ends
        self.offset = channel.offset
        """Up to where the client gets the entries of `first`."""
        self.first: Batch | None = None
        self.was_recovering = False
        self.is_recovered = False
        channel.catching_up += 1
        metrics.SUBSCRIPTIONS.inc()

    @property
    def epoch(self) -> str:
        """The epoch of the channel's log."""
        return self._channel.epoch

    @property
    def feed(self) -> Feed:
        """The feed that the channel belongs to."""
        return self._reader.feed

    def is_of(self, channel: OpenChannel | None, *, access_ends: int | None) -> bool:
        """Return whether it is to a channel that has been open since then, with no entry that has ended access."""
        return self._channel is channel and channel.access_ends == access_ends

    async def open(self, since: StreamPosition | None) -> None:
        """Go to a client's position, if it has one, and read the first entries that follow.

        If that is impossible, the subscription begins with the next entry, and `is_recovered` is false.

        Raises:
            DatabaseUnavailableError: PostgreSQL is unavailable.
        """
        if since is not None:
            self.was_recovering = True
            try:
                await self._recover(since)
            except PositionLostError:
                self.first = None
            metrics.RECOVERIES.labels("recovered" if self.is_recovered else "not_recovered").inc()
        if not self.is_recovered:
            self.offset = self._channel.offset

    def start(self) -> None:
        """Pass on all that follows. Nothing can be between `open` and this call, except for what the client is told."""
        if self.offset == self._channel.offset:
            self._attach()
        else:
            self._following = asyncio.create_task(self._follow())

    def close(self) -> None:
        """Pass on nothing more; a second call has no effect."""
        if self._is_closed:
            return
        self._is_closed = True
        metrics.SUBSCRIPTIONS.dec()
        if self._following is not None:
            self._following.cancel()
        if self._subscriber in self._channel.subscribers:
            self._channel.subscribers.discard(self._subscriber)
        else:
            self._channel.catching_up -= 1

    async def _recover(self, since: StreamPosition) -> None:
        if since.epoch not in ("", self._channel.epoch):
            raise PositionLostError
        self.first = await self._reader.entries_after(self._channel, since.offset, size_max=self._size_max)
        self.offset = since.offset if self.first is None else self.first.offset
        self.is_recovered = True

    def _attach(self) -> None:
        self._channel.subscribers.add(self._subscriber)
        self._channel.catching_up -= 1

    async def _follow(self) -> None:
        """Deliver earlier entries as fast as the client reads, then become a subscriber of the channel."""
        while True:
            await self._subscriber.wait_for_room()
            if self._channel.access_ends != self._access_ends and not self._subscriber.check_access():
                return
            try:
                batch = await self._reader.entries_after(self._channel, self.offset, size_max=self._size_max)
            except PositionLostError:
                self._subscriber.lose_position()
                return
            except DatabaseUnavailableError as error:
                log.info("live.catching_up.failed", error=str(error))
                await asyncio.sleep(RETRY_DELAY_S)
                continue
            except Exception:
                # A bug in the feed. The client subscribes again, and others aren't affected.
                log.exception("live.catching_up.crashed", pattern=self.feed.pattern)
                self._subscriber.lose_position()
                return
            if batch is None:
                self._attach()
                return
            self.offset = batch.offset
            self._subscriber.deliver(batch)
