"""The hub: the open channels of all feeds in this process, and the clients that read them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from ninefold.core.live import metrics
from ninefold.core.live.access import Access, Grant
from ninefold.core.live.admission import Admission
from ninefold.core.live.channels import OpenChannel
from ninefold.core.live.epoch import Epoch
from ninefold.core.live.feeds import LIVE_CHANNEL, Feed, FeedMap, LiveMethod, channel_not_found
from ninefold.core.live.limits import CATCH_UP_PARTS, DATABASE_CONNECTIONS_MAX, POLL_INTERVAL_S
from ninefold.core.live.model import Channel, StreamPosition
from ninefold.core.live.presence import Presence
from ninefold.core.live.reader import FeedReader
from ninefold.core.live.signals import Signals
from ninefold.core.live.subscriptions import ClientSubscriber, Subscription
from ninefold.core.live.viewers import Viewers
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.kinds import CredentialKind


class Hub:
    """What all live connections of a process share.

    Args:
        database: where logs, credentials and members are.
        notifier: tells which channels have changed.
        feeds: the feeds of all systems.
        methods: the remote procedure calls of all systems, by name.
        kinds: the kinds of credentials that clients can use instead of a token.
        connections_max: how many clients can be connected.
        buffer_size_max: how much can wait to be sent to one client, in bytes.
    """

    def __init__(
        self,
        database: Database,
        *,
        notifier: Notifier,
        feeds: FeedMap,
        methods: Mapping[str, LiveMethod],
        kinds: Sequence[CredentialKind],
        connections_max: int,
        buffer_size_max: int,
    ) -> None:
        self.database: Final = database
        self.methods: Final = methods
        self.buffer_size_max: Final = buffer_size_max
        self.viewers: Final = Viewers(connections_max=connections_max)
        self.access: Final = Access(database, kinds=kinds, viewers=self.viewers, notifier=notifier, feeds=feeds.feeds)
        self.admission: Final = Admission()
        self.presence: Final = Presence(database, notifier=notifier, channels=self)
        self.signals: Final = Signals(notifier, channels=self)
        self._feeds: Final = feeds
        connections = asyncio.Semaphore(DATABASE_CONNECTIONS_MAX)
        epoch = Epoch()
        self._readers: Final = {
            feed.pattern: FeedReader(feed, database=database, connections=connections, epoch=epoch)
            for feed in feeds.feeds
        }
        notifier.listen(LIVE_CHANNEL, self._on_change)

    def find_open(self, name: str) -> OpenChannel | None:
        """Return a channel if somebody reads it here."""
        return next((channel for reader in self._readers.values() if (channel := reader.channels.get(name))), None)

    async def find(self, name: str, grant: Grant) -> tuple[Feed, Channel]:
        """Return a channel that a client may read, and its feed.

        Raises:
            ChannelNotFoundError: there is none, or the client can't read it.
            DatabaseUnavailableError: PostgreSQL is unavailable.
        """
        feed, channel = self._feeds.find(name)
        if grant.allows(name) and feed.admits(grant.principal):
            async with self.database.connection() as connection:
                if await feed.may_read(connection, grant.principal, channel):
                    return feed, channel
        raise channel_not_found(name)

    async def subscribe(
        self, name: str, grant: Grant, *, subscriber: ClientSubscriber, since: StreamPosition | None
    ) -> Subscription:
        """Return a client's subscription to a channel, which the caller has to start, and to close in the end.

        Raises:
            ChannelNotFoundError: there is no such channel, or the client can't read it.
            DatabaseUnavailableError: PostgreSQL is unavailable.
        """
        known = self.find_open(name)
        access_ends = None if known is None else known.access_ends
        feed, channel = await self.find(name, grant)
        subscription = await self.open(feed, channel, subscriber=subscriber, since=since)
        if feed.can_end_access and not subscription.is_of(known, access_ends=access_ends):
            # The client's access may have ended after it was checked, by an entry that the client won't be sent.
            try:
                await self.find(name, grant)
            except BaseException:
                subscription.close()
                raise
        return subscription

    def find_feed(self, name: str) -> tuple[Feed, Channel]:
        """Return a channel and its feed, without checking who may read it.

        Raises:
            ChannelNotFoundError: no feed has channels with such a name.
        """
        return self._feeds.find(name)

    async def open(
        self, feed: Feed, channel: Channel, *, subscriber: ClientSubscriber, since: StreamPosition | None
    ) -> Subscription:
        """Return a subscription to a channel that the caller may read; the caller starts it, and closes it in the end.

        Raises:
            DatabaseUnavailableError: PostgreSQL is unavailable.
        """
        reader = self.reader_of(feed)
        subscription = Subscription(
            reader, await reader.open(channel), subscriber, size_max=self.buffer_size_max // CATCH_UP_PARTS
        )
        try:
            await subscription.open(since)
        except BaseException:
            subscription.close()
            raise
        return subscription

    def reader_of(self, feed: Feed) -> FeedReader:
        """Return what reads a feed."""
        return self._readers[feed.pattern]

    @asynccontextmanager
    async def running(self, stopping: asyncio.Event) -> AsyncIterator[None]:
        """Read channels, check viewers and share presence while the block runs.

        Args:
            stopping: when it is set, all clients are disconnected.
        """

        async def end_all() -> None:
            await stopping.wait()
            await self.viewers.end_all()

        tasks = [
            asyncio.create_task(run())
            for run in (
                self.viewers.run,
                self.access.run,
                self.presence.run,
                self.presence.run_heartbeat,
                self._run_gauge,
                end_all,
                *[reader.run for reader in self._readers.values()],
                *[reader.run_polls for reader in self._readers.values()],
            )
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.presence.leave_all()

    def _on_change(self, names: Sequence[str] | None) -> None:
        for reader in self._readers.values():
            reader.mark_changed(names)

    async def _run_gauge(self) -> None:
        while True:
            metrics.CHANNELS.set(sum(len(reader.channels) for reader in self._readers.values()))
            await asyncio.sleep(POLL_INTERVAL_S)
