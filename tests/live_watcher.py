"""Watches a channel of a live feed in process, without a server."""

import asyncio
import json
from collections.abc import Callable
from typing import Final

from http_api import Json
from ninefold.core.live import Channel, Cursor, Feed
from ninefold.core.postgres.database import Database

ARRIVES_WITHIN_S: Final = 10


class Watcher:
    """Watches a channel as a server does, and reads what is appended to it."""

    def __init__(self, database: Database, feed: Feed, channel: Channel) -> None:
        self._database = database
        self._feed = feed
        self._channel = channel

    async def watch(self) -> None:
        """Begin to watch."""
        assert self._feed.watch is not None
        async with self._database.connection() as connection:
            await self._feed.watch(connection, [self._channel])
            self._begin = (await self._feed.read_positions(connection, [self._channel]))[self._channel.name].offset

    async def read(self) -> list[Json]:
        """Return all entries since then."""
        async with self._database.connection() as connection:
            found = await self._feed.read_after(connection, [Cursor(self._channel, self._begin)], 1_000)
        return [json.loads(entry.data) for entry in found.get(self._channel.name, ())]

    async def read_until(self, condition: Callable[[Json], bool]) -> list[Json]:
        """Return all entries, once the last one fulfils a condition."""
        async with asyncio.timeout(ARRIVES_WITHIN_S):
            while not (entries := await self.read()) or not condition(entries[-1]):
                await asyncio.sleep(0.02)
        return entries
