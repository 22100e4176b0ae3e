"""Measures the time from posting a message until another member has it, against the floor at the same rate."""

import argparse
import asyncio
import random
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psutil
from message_servers import Talker, cpu_s, free_port, make_members, running
from post_clients import SEEN_WITHIN_S, Author, Reader

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.messaging.model import CHANNEL_PREFIX
from ninefold.systems.messaging.service.channels import create_channel, invite_members

FLOOR: Final = Path(__file__).parents[1] / "live" / "floor_server.py"
SCHEMA: Final = "CREATE SCHEMA bench; CREATE TABLE bench.message (number integer, body text)"
WARM_UP_S: Final = 4.0
"""It prepares the statements of each connection."""


class Pair:
    """An author and a reader of a channel."""

    def __init__(self, author: Author, reader: Reader) -> None:
        self.author: Final = author
        self.reader: Final = reader
        self.posted: Final[list[str]] = []


class Conversation:
    """All channels on one server, and what was measured in them.

    Args:
        name: of the server; tells its messages from those of others.
        pairs: the clients of each channel.
        server: whose CPU time counts.
    """

    def __init__(self, name: str, pairs: Sequence[Pair], server: psutil.Process) -> None:
        self.pairs: Final = pairs
        self._name: Final = name
        self._server: Final = server
        self._made = 0
        self._cpu_s = 0.0
        self._delays_s: list[float] = []

    async def warm_up(self, rate: float) -> None:
        """Post messages that aren't measured."""
        await self._post(int(WARM_UP_S * rate), rate)

    async def measure(self, options: argparse.Namespace) -> float:
        """Post for a while; return the median time until the reader has a message, in ms."""
        cpu_before_s = cpu_s(self._server)
        delays_s = await self._post(int(options.seconds * options.rate), options.rate)
        self._cpu_s += cpu_s(self._server) - cpu_before_s
        self._delays_s += delays_s
        return statistics.median(delays_s) * 1_000

    def figures(self) -> dict[str, Any]:
        """Return the figures of all slices."""
        percentiles = statistics.quantiles(self._delays_s, n=100)
        return {
            "messages": len(self._delays_s),
            "p50_ms": round(percentiles[49] * 1_000, 2),
            "p99_ms": round(percentiles[98] * 1_000, 2),
            "messages_per_cpu_s": round(len(self._delays_s) / self._cpu_s),
        }

    def check(self) -> None:
        """Raise unless each reader has got exactly what was posted, in that order."""
        if any(pair.reader.texts != pair.posted for pair in self.pairs):
            raise RuntimeError("a reader hasn't got the messages that were posted")

    async def _post(self, count: int, rate: float) -> list[float]:
        """Post at a steady rate, in all channels in turn; return the times until the readers had it, in seconds."""
        began_at = time.perf_counter()
        posting = []
        for number in range(count):
            await asyncio.sleep(max(0.0, began_at + number / rate - time.perf_counter()))
            pair = self.pairs[self._made % len(self.pairs)]
            text = f"{self._name} {self._made}: {'x' * random.Random(self._made).randint(20, 200)}"
            pair.posted.append(text)
            posting.append(asyncio.create_task(_post(pair, text)))
            self._made += 1
        return await asyncio.gather(*posting)


async def measure_posting(
    database: Database, dsn: str, ninefold: tuple[psutil.Process, int], options: argparse.Namespace
) -> dict[str, Any]:
    """Measure both in short slices, one after the other, so that both run under the same conditions."""
    async with database.transaction() as connection:
        await connection.execute(SCHEMA)
    channels = await _make_channels(database, options.channels)
    async with _floor(dsn, options) as floor, _posting("ninefold", ninefold, channels) as measured:
        for conversation in (measured, floor):
            await conversation.warm_up(options.rate)
        ratios = []
        for _ in range(options.slices):
            floor_ms = await floor.measure(options)
            ratios.append(await measured.measure(options) / floor_ms)
        for conversation in (measured, floor):
            conversation.check()
    return {
        "ratio": round(statistics.median(ratios), 2),
        "ratios": [round(ratio, 2) for ratio in ratios],
        "floor": floor.figures(),
        "ninefold": measured.figures(),
    }


async def _make_channels(database: Database, count: int) -> list[tuple[UUID, Talker, Talker]]:
    """Create channels of two members each."""
    notifier = Notifier(database)
    async with database.transaction() as connection:
        members = await make_members(connection, count=2 * count)
    channels = []
    for number in range(count):
        author, reader = members[2 * number : 2 * number + 2]
        channel = await create_channel(
            database, notifier, creator=author.member, name=f"room-{number}", is_private=number % 2 == 0
        )
        await invite_members(database, notifier, channel=channel, inviter=author.member, members=[reader.member])
        channels.append((channel.channel_id, author, reader))
    return channels


@asynccontextmanager
async def _floor(dsn: str, options: argparse.Namespace) -> AsyncIterator[Conversation]:
    port = free_port()
    async with running([str(FLOOR), str(port), dsn], port) as server, AsyncExitStack() as stack:
        pairs = []
        for number in range(options.channels):
            reader = await stack.enter_async_context(Reader(port, f"/readers/{number}", []))
            author = await stack.enter_async_context(Author(port, f"/messages/{number}", "none"))
            pairs.append(Pair(author, reader))
        yield Conversation("floor", pairs, server)


@asynccontextmanager
async def _posting(
    name: str, ninefold: tuple[psutil.Process, int], channels: Sequence[tuple[UUID, Talker, Talker]]
) -> AsyncIterator[Conversation]:
    server, port = ninefold
    async with AsyncExitStack() as stack:
        pairs = []
        for channel_id, author, reader in channels:
            text = format_id(CHANNEL_PREFIX, channel_id)
            commands = [
                {"id": 1, "connect": {"token": reader.token}},
                {"id": 2, "subscribe": {"channel": f"messaging.channel:{text}"}},
            ]
            path = f"/api/v1/messaging/channels/{text}/messages"
            opened = await stack.enter_async_context(Reader(port, "/connection/websocket", commands))
            pairs.append(Pair(await stack.enter_async_context(Author(port, path, author.token)), opened))
        yield Conversation(name, pairs, server)


async def _post(pair: Pair, text: str) -> float:
    """Post a message; return how long it took until the reader had it, in seconds."""
    began_at = time.perf_counter()
    async with asyncio.timeout(SEEN_WITHIN_S):
        await pair.author.post(text)
        seen_at: float = await pair.reader.seen(text)
    return seen_at - began_at
