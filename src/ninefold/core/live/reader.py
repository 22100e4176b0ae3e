"""Reads the open channels of one feed: one query for all that have changed, and one for all clients that catch up."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import accumulate, islice, takewhile
from typing import Final

import structlog

from ninefold.core.live import metrics
from ninefold.core.live.batches import Batch
from ninefold.core.live.channels import OpenChannel
from ninefold.core.live.epoch import Epoch
from ninefold.core.live.errors import PositionLostError
from ninefold.core.live.feeds import Feed
from ninefold.core.live.limits import (
    CHANNELS_PER_QUERY,
    CHANNELS_PER_READ,
    ENTRIES_PER_READ,
    POLL_INTERVAL_S,
    RETRY_DELAY_S,
    WATCH_INTERVAL_S,
)
from ninefold.core.live.lookups import CombinedLookup
from ninefold.core.live.model import Channel, Cursor, Entry, Position
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.errors import DatabaseUnavailableError

EMPTY: Final = Position(offset=0)

log = structlog.get_logger(__name__)


class FeedReader:
    """The open channels of a feed, and the only place that reads their logs.

    Args:
        feed: the feed.
        database: where its logs are.
        connections: limits how many connections live feeds use at once.
        epoch: the epoch of all logs in this database.
    """

    def __init__(self, feed: Feed, *, database: Database, connections: asyncio.Semaphore, epoch: Epoch) -> None:
        self.feed: Final = feed
        self._database: Final = database
        self._connections: Final = connections
        self._epoch: Final = epoch
        self._channels: dict[str, OpenChannel] = {}
        self._changed: dict[str, None] = {}
        self._has_changed: Final = asyncio.Event()
        self._reading: Final = asyncio.Lock()
        self._opening: Final = CombinedLookup(self._open_channels)
        self._catching_up: Final = CombinedLookup(self._read_earlier, keys_max=CHANNELS_PER_READ)
        self._watched_at: float | None = None

    @property
    def channels(self) -> Mapping[str, OpenChannel]:
        """The open channels by name."""
        return self._channels

    def mark_changed(self, names: Iterable[str] | None) -> None:
        """Have these channels read, or all if None; those that aren't open are ignored."""
        if names is None:
            self._changed.update(dict.fromkeys(self._channels))
        else:
            self._changed.update([(name, None) for name in names if name in self._channels])
        if self._changed:
            self._has_changed.set()

    async def open(self, channel: Channel) -> OpenChannel:
        """Return a channel whose new entries are read from now on.

        Raises:
            DatabaseUnavailableError: PostgreSQL is unavailable.
        """
        opened = self._channels.get(channel.name)
        return opened if opened is not None else await self._opening.get(channel)

    async def entries_after(self, channel: OpenChannel, offset: int, *, size_max: int) -> Batch | None:
        """Return the next entries that follow an offset and that the channel's subscribers have got.

        Args:
            channel: an open channel of this feed.
            offset: up to where the client has read.
            size_max: how many bytes of entries to return; but at least one entry.

        Returns:
            None if there are none: who has everything up to `offset` can become a subscriber now.

        Raises:
            PositionLostError: the log no longer has everything that follows, or it never had this offset.
            DatabaseUnavailableError: PostgreSQL is unavailable.
        """
        if offset > channel.offset:
            # Another server may have shown it to the client before this one has read it.
            await self._read([channel.name])
            if offset > channel.offset:
                raise PositionLostError
        if offset == channel.offset:
            return None
        entries = channel.tail_after(offset)
        if entries is None:
            found = await self._catching_up.get((channel.name, offset))
            entries = [entry for entry in found if entry.offset <= channel.offset]
        if not entries:
            raise PositionLostError
        return channel.batch(_first(entries[:ENTRIES_PER_READ], size_max=size_max))

    async def read_history(self, channel: Channel, offset: int, limit: int) -> tuple[Sequence[Entry], Position]:
        """Return entries after an offset, and the log's position.

        Raises:
            DatabaseUnavailableError: PostgreSQL is unavailable.
        """
        async with self._snapshot() as connection:
            position = (await self.feed.read_positions(connection, [channel])).get(channel.name, EMPTY)
            if limit == 0:
                return [], position
            found = await self.feed.read_after(connection, [Cursor(channel, offset)], limit)
        return found.get(channel.name, []), position

    async def run(self) -> None:
        """Read channels when they change, until this task is cancelled."""
        while True:
            await self._has_changed.wait()
            self._has_changed.clear()
            try:
                while self._changed:
                    await self._read(list(islice(self._changed, CHANNELS_PER_READ)))
                continue
            except DatabaseUnavailableError as error:
                log.info("live.read.failed", pattern=self.feed.pattern, error=str(error))
            except Exception:
                # A bug in the feed. The others continue, and so does this one when it works again.
                log.exception("live.read.crashed", pattern=self.feed.pattern)
            await asyncio.sleep(RETRY_DELAY_S)
            self.mark_changed(None)

    async def run_polls(self) -> None:
        """Look for changes that no notification told of, and close channels that nobody reads, until cancelled."""
        while True:
            await asyncio.sleep(POLL_INTERVAL_S)
            self._close_unused()
            try:
                await self._poll()
            except DatabaseUnavailableError as error:
                log.info("live.poll.failed", pattern=self.feed.pattern, error=str(error))
            except Exception:
                log.exception("live.poll.crashed", pattern=self.feed.pattern)

    async def _read(self, names: Sequence[str]) -> None:
        """Read what follows in these channels and pass it to their subscribers."""
        async with self._reading:
            channels = [self._channels[name] for name in names if name in self._channels]
            for name in names:
                self._changed.pop(name, None)
            if not channels:
                return
            started_at = time.perf_counter()
            try:
                async with self._connections, self._database.connection() as connection:
                    cursors = [Cursor(channel.channel, channel.offset) for channel in channels]
                    found = await self.feed.read_after(connection, cursors, ENTRIES_PER_READ)
                    lost = await self._find_lost(connection, channels, found)
            except BaseException:
                self._changed.update(dict.fromkeys(names))
                raise
            metrics.READ_DURATION.observe(time.perf_counter() - started_at)
            for channel in channels:
                if channel.name in lost:
                    channel.lose_position(lost[channel.name])
                elif entries := found.get(channel.name):
                    channel.advance(entries)
                    if len(entries) >= ENTRIES_PER_READ:
                        self.mark_changed([channel.name])

    async def _find_lost(
        self, connection: Connection, channels: Sequence[OpenChannel], found: Mapping[str, Sequence[Entry]]
    ) -> Mapping[str, Position]:
        """Return the positions of channels whose next entries were deleted before they could be read."""
        jumped = [
            channel
            for channel in channels
            if (entries := found.get(channel.name)) and entries[0].offset > channel.offset + 1
        ]
        if not jumped:
            return {}
        # Offsets may have gaps. Something is missing only if the log begins later.
        positions = await self.feed.read_positions(connection, [channel.channel for channel in jumped])
        return {
            channel.name: position
            for channel in jumped
            if (position := positions.get(channel.name, EMPTY)).offset_min > channel.offset
        }

    async def _poll(self) -> None:
        names = list(self._channels)
        for start in range(0, len(names), CHANNELS_PER_QUERY):
            part = [
                self._channels[name] for name in names[start : start + CHANNELS_PER_QUERY] if name in self._channels
            ]
            async with self._reading, self._connections, self._database.connection() as connection:
                await self._watch(connection, [channel.channel for channel in part])
                positions = await self.feed.read_positions(connection, [channel.channel for channel in part])
                for channel in part:
                    self._compare(channel, positions.get(channel.name, EMPTY))

    def _compare(self, channel: OpenChannel, position: Position) -> None:
        """Have a channel read if its log has grown; if entries are missing that nobody got, tell the subscribers."""
        if position.offset_min > channel.offset or position.offset < channel.offset:
            channel.lose_position(position)
        elif position.offset > channel.offset:
            self.mark_changed([channel.name])

    def _close_unused(self) -> None:
        for channel in list(self._channels.values()):
            if not channel.is_used and channel.was_unused:
                del self._channels[channel.name]
            channel.was_unused = not channel.is_used

    async def _watch(self, connection: Connection, channels: Sequence[Channel], *, is_new: bool = False) -> None:
        if self.feed.watch is None:
            return
        now = time.monotonic()
        if is_new or self._watched_at is None or now - self._watched_at >= WATCH_INTERVAL_S:
            if not is_new:
                self._watched_at = now
            await self.feed.watch(connection, channels)

    async def _open_channels(self, channels: Sequence[Channel]) -> Mapping[Channel, OpenChannel]:
        async with self._connections, self._database.connection() as connection:
            await self._watch(connection, channels, is_new=True)
            positions = await self.feed.read_positions(connection, channels)
            epoch = await self._epoch.read(connection)
        for channel in channels:
            if channel.name not in self._channels:
                position = positions.get(channel.name, EMPTY)
                self._channels[channel.name] = OpenChannel(channel, epoch=epoch, position=position)
        # A notification of what was committed in the meantime may have come before the channels were open.
        self.mark_changed([channel.name for channel in channels])
        return {channel: self._channels[channel.name] for channel in channels}

    async def _read_earlier(self, keys: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], Sequence[Entry]]:
        """Read the entries after earlier offsets of open channels; an incomplete log has none."""
        result: dict[tuple[str, int], Sequence[Entry]] = dict.fromkeys(keys, ())
        async with self._snapshot() as connection:
            for offsets in _rounds(keys):
                result.update(await self._read_round(connection, offsets))
        return result

    async def _read_round(
        self, connection: Connection, offsets: Mapping[str, int]
    ) -> Mapping[tuple[str, int], Sequence[Entry]]:
        result = {}
        channels = [self._channels[name] for name in offsets if name in self._channels]
        positions = await self.feed.read_positions(connection, [channel.channel for channel in channels])
        cursors = [Cursor(channel.channel, offsets[channel.name]) for channel in channels]
        found = await self.feed.read_after(connection, cursors, ENTRIES_PER_READ)
        for channel in channels:
            after, position = offsets[channel.name], positions.get(channel.name, EMPTY)
            if position.offset_min <= after:
                entries = result[channel.name, after] = found.get(channel.name, ())
                reached = entries[-1].offset if len(entries) >= ENTRIES_PER_READ else position.offset
                channel.prepend(entries, after=after, reached=reached)
        return result

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[Connection]:
        async with self._connections, self._database.snapshot() as connection:
            yield connection


def _first(entries: Sequence[Entry], *, size_max: int) -> Sequence[Entry]:
    """Return the first entries that together have up to `size_max` bytes, but at least one."""
    sizes = accumulate(len(entry.data) for entry in entries)
    count = sum(1 for _ in takewhile(lambda size: size <= size_max, sizes))
    return entries[: max(1, count)]


def _rounds(keys: Sequence[tuple[str, int]]) -> list[dict[str, int]]:
    """Divide pairs of a channel and an offset so that each part has a channel once, as a query must."""
    rounds: list[dict[str, int]] = []
    for name, offset in keys:
        free = next((known for known in rounds if name not in known), None)
        if free is None:
            rounds.append(free := {})
        free[name] = offset
    return rounds
