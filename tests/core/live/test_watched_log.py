"""Logs that are only written while somebody watches."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from unittest.mock import AsyncMock

import pytest

from ninefold.core.live import store, watched_log
from ninefold.core.live.feeds import Feed
from ninefold.core.live.model import Channel, Cursor, Position
from ninefold.core.live.watched_log import append_watched, list_watched, watched_feed
from ninefold.core.postgres.database import Connection, Database

A, B = Channel("shop.orders:a", {"order": "a"}), Channel("shop.orders:b", {"order": "b"})


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[Connection]:
    async with database.connection() as opened:
        yield opened


@pytest.fixture
def feed() -> Feed:
    return watched_feed(pattern="shop.orders:{order}", may_read=AsyncMock(return_value=True))


async def watch(feed: Feed, connection: Connection, *channels: Channel) -> dict[str, Position]:
    """Watch channels as a server does, and return their positions."""
    assert feed.watch is not None
    await feed.watch(connection, channels)
    return dict(await feed.read_positions(connection, channels))


async def end_watching(connection: Connection, *, ago: timedelta = timedelta(seconds=1)) -> None:
    await connection.execute("UPDATE live.watched_channel SET watched_until = now() - $1::interval", ago)


async def test_what_is_watched_is_appended_in_order_and_the_rest_is_ignored(feed: Feed, connection: Connection) -> None:
    before = (await watch(feed, connection, A, B))[A.name]
    changed = await append_watched(
        connection, [(A.name, b"1"), ("shop.orders:c", b"x"), (A.name, b"2"), (B.name, b"3"), (A.name, b"4")]
    )
    cursors = [Cursor(A, before.offset), Cursor(B, before.offset)]
    found = await feed.read_after(connection, cursors, 2)
    rest = await feed.read_after(connection, [Cursor(A, before.offset + 2)], 2)

    assert before.offset == before.offset_min > 1_700_000_000_000_000
    assert changed == {A.name, B.name}
    assert {name: [entry.data for entry in entries] for name, entries in found.items()} == {
        A.name: [b"1", b"2"],
        B.name: [b"3"],
    }
    assert [(entry.offset, entry.data) for entry in rest[A.name]] == [(before.offset + 3, b"4")]
    assert (await feed.read_positions(connection, [A]))[A.name].offset == before.offset + 3


async def test_channels_are_listed_while_they_are_watched(feed: Feed, connection: Connection) -> None:
    await watch(feed, connection, A, Channel("shop.health:x", {}))

    assert await list_watched(connection, prefix="shop.orders:") == {A.name}
    await end_watching(connection)
    assert await list_watched(connection, prefix="shop.") == frozenset()
    assert await append_watched(connection, [(A.name, b"1")]) == set()


async def test_a_position_stays_valid_while_a_channel_is_watched_and_is_lost_after_a_gap(
    feed: Feed, connection: Connection
) -> None:
    first = (await watch(feed, connection, A))[A.name]
    await append_watched(connection, [(A.name, b"1")])
    second = (await watch(feed, connection, A))[A.name]
    await end_watching(connection)
    third = (await watch(feed, connection, A))[A.name]

    assert (second.offset, second.offset_min) == (first.offset + 1, first.offset)
    assert third.offset_min > second.offset


async def test_a_deleted_channel_never_has_the_same_offset_again(feed: Feed, connection: Connection) -> None:
    first = (await watch(feed, connection, A))[A.name]
    await append_watched(connection, [(A.name, b"1")])
    await end_watching(connection, ago=timedelta(hours=2))
    await store.watched_channel_delete_expired(connection, age=watched_log.CHANNELS_KEPT)
    assert await feed.read_positions(connection, [A]) == {}

    assert (await watch(feed, connection, A))[A.name].offset_min > first.offset + 1


async def test_old_entries_are_deleted_and_positions_before_them_are_lost(feed: Feed, connection: Connection) -> None:
    before = (await watch(feed, connection, A))[A.name]
    await append_watched(connection, [(A.name, b"1"), (A.name, b"2")])
    await connection.execute("UPDATE live.watched_entry SET appended_at = now() - interval '1 hour'")
    await append_watched(connection, [(A.name, b"3")])
    # Another feed, because one cleans once a minute.
    after = (await watch(watched_feed(pattern="x", may_read=AsyncMock()), connection, A))[A.name]
    found = await feed.read_after(connection, [Cursor(A, 0)], 10)

    assert (after.offset_min, after.offset) == (before.offset + 2, before.offset + 3)
    assert [entry.data for entry in found[A.name]] == [b"3"]


async def test_watching_waits_for_the_transactions_that_did_not_know_of_it(
    feed: Feed, connection: Connection, database: Database
) -> None:
    async with database.transaction() as recording:
        assert await list_watched(recording, prefix="shop.") == frozenset()
        watching = asyncio.create_task(watch(feed, connection, A))
        done, _ = await asyncio.wait([watching], timeout=0.2)
        assert not done
    await asyncio.wait_for(watching, 5)
    # Watching longer waits for nobody.
    async with database.transaction() as recording:
        assert await list_watched(recording, prefix="shop.") == {A.name}
        await asyncio.wait_for(watch(feed, connection, A), 5)


async def test_entries_of_many_transactions_become_visible_in_the_order_of_their_offsets(
    feed: Feed, connection: Connection, database: Database
) -> None:
    begin = (await watch(feed, connection, A, B))[A.name].offset
    is_over = asyncio.Event()

    async def append_many(number: int) -> None:
        for turn in range(20):
            names = (A.name, B.name) if (number + turn) % 2 else (B.name, A.name)
            async with database.transaction() as appending:
                await append_watched(appending, [(name, b"%d" % number) for name in names])

    async def read_all() -> list[int]:
        offsets: list[int] = []
        async with database.connection() as reading:
            while True:
                was_over = is_over.is_set()
                last = offsets[-1] if offsets else begin
                found = await feed.read_after(reading, [Cursor(A, last)], 1_000)
                offsets += [entry.offset for entry in found.get(A.name, ())]
                if was_over:
                    return offsets

    reading = asyncio.create_task(read_all())
    await asyncio.gather(*[append_many(number) for number in range(5)])
    is_over.set()

    assert await reading == list(range(begin + 1, begin + 101))
