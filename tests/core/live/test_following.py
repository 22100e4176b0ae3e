"""Following channels for code of the same process."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from live_board import append, channel_of, create_board, forget, may_read, read_after, read_positions
from ninefold.core.ids import new_id
from ninefold.core.live import LIVE_CHANNEL, Feed, FeedMap, Follower, Hub
from ninefold.core.live.errors import ChannelNotFoundError, PositionLostError
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier

ARRIVES_WITHIN_S = 20
BUFFER_SIZE_MAX = 1_000

NOTES = Feed(pattern="board.notes:{name}", may_read=may_read, read_positions=read_positions, read_after=read_after)


@pytest.fixture
def notifier(database: Database) -> Notifier:
    return Notifier(database)


@pytest.fixture
async def hub(database: Database, notifier: Notifier) -> AsyncIterator[Hub]:
    hub = Hub(
        database,
        notifier=notifier,
        feeds=FeedMap([NOTES]),
        methods={},
        kinds=[],
        connections_max=10,
        buffer_size_max=BUFFER_SIZE_MAX,
    )
    async with hub.running(asyncio.Event()):
        yield hub


async def make_board(database: Database, *notes: bytes) -> str:
    name = f"board-{new_id().hex}"
    async with database.connection() as connection:
        await create_board(connection, name, organisation_id=new_id())
        if notes:
            await append(connection, name, *notes)
    return name


async def write(database: Database, notifier: Notifier, name: str, *notes: bytes) -> None:
    async with database.transaction() as connection:
        await append(connection, name, *notes)
    notifier.notify(LIVE_CHANNEL, channel_of(name))


async def read(follower: Follower, count: int) -> list[tuple[str, bytes]]:
    """Return the next entries, each with its channel."""
    found: list[tuple[str, bytes]] = []
    async with asyncio.timeout(ARRIVES_WITHIN_S):
        while len(found) < count:
            channel, entries = await follower.next()
            found += [(channel, entry.data) for entry in entries]
    return found


async def test_earlier_entries_come_first_and_then_those_that_are_committed(
    database: Database, notifier: Notifier, hub: Hub
) -> None:
    name = await make_board(database, b"1", b"2", b"3")
    async with Follower(hub) as follower:
        assert await follower.open(channel_of(name), after=1) == 1
        assert await read(follower, 2) == [(channel_of(name), b"2"), (channel_of(name), b"3")]
        await write(database, notifier, name, b"4")
        assert await read(follower, 1) == [(channel_of(name), b"4")]


async def test_without_a_position_it_begins_with_the_next_entry(
    database: Database, notifier: Notifier, hub: Hub
) -> None:
    name = await make_board(database, b"1")
    async with Follower(hub) as follower:
        assert await follower.open(channel_of(name)) == 1
        await write(database, notifier, name, b"2")
        assert await read(follower, 1) == [(channel_of(name), b"2")]


async def test_several_channels_are_followed_together(database: Database, notifier: Notifier, hub: Hub) -> None:
    first, second = await make_board(database), await make_board(database)
    async with Follower(hub) as follower:
        for name in (first, second):
            await follower.open(channel_of(name), after=0)
        for name in (second, first):
            await write(database, notifier, name, name.encode())
        expected = {(channel_of(name), name.encode()) for name in (first, second)}
        assert set(await read(follower, 2)) == expected


async def test_a_position_is_lost_if_what_follows_was_deleted(database: Database, hub: Hub) -> None:
    name = await make_board(database, b"1", b"2", b"3")
    async with database.connection() as connection:
        await forget(connection, name, up_to=2)
    async with Follower(hub) as follower:
        with pytest.raises(PositionLostError):
            await follower.open(channel_of(name), after=1)


async def test_a_reader_that_is_too_slow_loses_its_position(database: Database, notifier: Notifier, hub: Hub) -> None:
    name = await make_board(database)
    async with Follower(hub) as slow, Follower(hub) as fast:
        for follower in (slow, fast):
            await follower.open(channel_of(name))
        for _ in range(3):
            await write(database, notifier, name, b'"%s"' % (b"x" * (BUFFER_SIZE_MAX // 2)))
            await read(fast, 1)
        with pytest.raises(PositionLostError):
            await slow.next()


async def test_no_channel_of_this_name(hub: Hub) -> None:
    async with Follower(hub) as follower:
        with pytest.raises(ChannelNotFoundError):
            await follower.open("nowhere.notes:a")


async def test_what_is_followed_by_nobody_is_not_in_use(database: Database, hub: Hub) -> None:
    name = await make_board(database)
    async with Follower(hub) as follower:
        await follower.open(channel_of(name))
        channel = hub.find_open(channel_of(name))
        assert channel is not None
        assert channel.is_used
    assert not channel.is_used
