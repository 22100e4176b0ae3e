"""The notifier: heard by other processes, cheap to use often, and back by itself after a lost connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from unittest.mock import AsyncMock

import asyncpg
import pytest
from structlog.testing import capture_logs

from ninefold.core.postgres.database import Database
from ninefold.core.queue import notifier as notifier_module
from ninefold.core.queue.notifier import Notifier

CHANNEL = "test_channel"
LISTENERS = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"


@asynccontextmanager
async def listening(notifier: Notifier, channel: str = CHANNEL) -> AsyncIterator[asyncio.Event]:
    """Listen as a worker does, from the moment on when a notification is heard."""
    notified = notifier.subscribe(channel)
    stopping = asyncio.Event()
    running = asyncio.create_task(notifier.run(stopping))
    await heard(notified)
    try:
        yield notified
    finally:
        stopping.set()
        await running


@asynccontextmanager
async def pool(dsn: str) -> AsyncIterator[Database]:
    database = await Database.connect(dsn, application_name="test", connections_max=2)
    try:
        yield database
    finally:
        # A connection that was never given back would be waited for without end.
        async with asyncio.timeout(10):
            await database.close()


async def cut_listener(database: Database) -> None:
    """Have PostgreSQL close the one connection that listens."""
    async with database.connection() as connection:
        (victim,) = await connection.fetch(LISTENERS)
        assert await connection.fetchval("SELECT pg_terminate_backend($1, 5000)", victim["pid"])


async def heard(notified: asyncio.Event, *, timeout_s: float = 5) -> None:
    async with asyncio.timeout(timeout_s):
        await notified.wait()
    notified.clear()


async def all_sent(notifier: Notifier) -> None:
    """Wait until every notification is sent, or has failed."""
    notifying = notifier._notifying
    assert notifying is not None
    async with asyncio.timeout(15):
        await notifying


@asynccontextmanager
async def receiving(dsn: str, heard_channels: list[str]) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Note each single notification, as PostgreSQL sends it."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.add_listener(CHANNEL, lambda *arguments: heard_channels.append(str(arguments[2])))
        yield connection
    finally:
        await connection.close()


async def test_a_notification_reaches_a_listener_of_another_pool(database_url: str) -> None:
    async with pool(database_url) as here, pool(database_url) as there, listening(Notifier(there)) as notified:
        assert not notified.is_set()
        Notifier(here).notify(CHANNEL)
        await heard(notified)


async def test_a_listener_looks_once_when_it_begins_since_it_may_have_missed_a_notification(database: Database) -> None:
    notifier = Notifier(database)
    notified = notifier.subscribe(CHANNEL)
    stopping = asyncio.Event()

    running = asyncio.create_task(notifier.run(stopping))

    await heard(notified)
    stopping.set()
    await running


async def test_a_notification_wakes_only_those_who_listen_on_its_channel(database: Database) -> None:
    notifier = Notifier(database)
    async with listening(Notifier(database), "other_channel") as other, listening(Notifier(database)) as notified:
        notifier.notify(CHANNEL)
        await heard(notified)

        assert not other.is_set()


async def test_the_same_channel_has_one_event(database: Database) -> None:
    notifier = Notifier(database)

    assert notifier.subscribe(CHANNEL) is notifier.subscribe(CHANNEL)


async def test_many_notifications_at_once_are_sent_as_one(database: Database, database_url: str) -> None:
    heard_channels: list[str] = []
    notifier = Notifier(database)
    async with receiving(database_url, heard_channels) as connection:
        for _ in range(1_000):
            notifier.notify(CHANNEL)
        await all_sent(notifier)
        # What was sent before arrives before the answer to this.
        await connection.execute("SELECT 1")

    assert heard_channels == [CHANNEL]


async def test_a_notification_that_comes_while_another_is_sent_is_sent_too(database: Database) -> None:
    notifier = Notifier(database)
    async with listening(Notifier(database)) as notified:
        for _ in range(5):
            notifier.notify(CHANNEL)
            await heard(notified)


async def test_a_lost_connection_is_opened_again(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier_module, "RECONNECT_DELAY_S", 0.01)
    notifier = Notifier(database)
    async with pool(database_url) as there, listening(Notifier(there)) as notified:
        with capture_logs() as lines:
            await cut_listener(database)
            # It looks once as soon as it listens again, and hears notifications from then on.
            await heard(notified)
        notifier.notify(CHANNEL)
        await heard(notified)
    errors = [line["error"] for line in lines if line["event"] == "queue.notifier.disconnected"]
    assert errors == ["PostgreSQL has closed the connection on which notifications are heard."]


async def test_stopping_gives_the_connection_back_without_a_listener(database_url: str) -> None:
    async with pool(database_url) as there:
        async with listening(Notifier(there)):
            pass

        async with there.connection() as connection:
            assert await connection.fetch("SELECT pg_listening_channels()") == []


async def test_notifying_never_fails_even_when_the_database_is_gone(database_url: str) -> None:
    async with pool(database_url) as database:
        notifier = Notifier(database)
    notifier.notify(CHANNEL)

    await all_sent(notifier)


async def test_a_driver_that_lost_track_of_a_cut_connection_fails_no_notification(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    notifier = Notifier(database)
    with monkeypatch.context() as patched:
        patched.setattr(asyncpg.Connection, "execute", AsyncMock(side_effect=asyncpg.InternalClientError("state 12")))
        notifier.notify(CHANNEL)
        await all_sent(notifier)

    async with listening(Notifier(database)) as notified:
        notifier.notify(CHANNEL)
        await heard(notified)


async def test_notifying_works_again_after_a_lost_notification(database: Database, database_url: str) -> None:
    async with pool(database_url) as there:
        lost = Notifier(there)
        async with database.connection() as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        lost.notify(CHANNEL)
        await all_sent(lost)
        async with listening(Notifier(database)) as notified:
            lost.notify(CHANNEL)
            await heard(notified)


async def test_a_listener_that_is_cancelled_leaves_no_connection_behind_that_listens(database_url: str) -> None:
    async with pool(database_url) as database:
        notifier = Notifier(database)
        notified = notifier.subscribe(CHANNEL)
        running = asyncio.create_task(notifier.run(asyncio.Event()))
        await heard(notified)
        running.cancel()
        await asyncio.wait([running], timeout=5)
        assert running.cancelled()

        async with database.connection() as connection:
            assert await connection.fetch("SELECT pg_listening_channels()") == []
