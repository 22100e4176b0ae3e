"""The notifier: it reaches other processes, combines frequent notifications, and reconnects after a lost connection."""

import asyncio
from collections.abc import AsyncIterator, Sequence
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
    """Listen as a worker does; the block begins once notifications can be received."""
    notified = notifier.subscribe(channel)
    stopping = asyncio.Event()
    running = asyncio.create_task(notifier.run(stopping))
    await wait_for(notified)
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
        # `close` would wait indefinitely for a connection that wasn't returned to the pool.
        async with asyncio.timeout(10):
            await database.close()


async def terminate_listener(database: Database) -> None:
    """Let PostgreSQL terminate the one connection that listens."""
    async with database.connection() as connection:
        (victim,) = await connection.fetch(LISTENERS)
        assert await connection.fetchval("SELECT pg_terminate_backend($1, 5000)", victim["pid"])


async def wait_for(notified: asyncio.Event, *, timeout_s: float = 5) -> None:
    async with asyncio.timeout(timeout_s):
        await notified.wait()
    notified.clear()


async def all_sent(notifier: Notifier) -> None:
    """Wait until every notification was sent or has failed."""
    notifying = notifier._notifying
    assert notifying is not None
    async with asyncio.timeout(15):
        await notifying


@asynccontextmanager
async def receiving(dsn: str, channels: list[str]) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Record each notification that PostgreSQL sends."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.add_listener(CHANNEL, lambda *arguments: channels.append(str(arguments[2])))
        yield connection
    finally:
        await connection.close()


async def test_a_notification_reaches_a_listener_of_another_pool(database_url: str) -> None:
    async with pool(database_url) as here, pool(database_url) as there, listening(Notifier(there)) as notified:
        assert not notified.is_set()
        Notifier(here).notify(CHANNEL)
        await wait_for(notified)


async def test_a_listener_is_woken_once_at_the_start_since_it_may_have_missed_a_notification(
    database: Database,
) -> None:
    notifier = Notifier(database)
    notified = notifier.subscribe(CHANNEL)
    stopping = asyncio.Event()

    running = asyncio.create_task(notifier.run(stopping))

    await wait_for(notified)
    stopping.set()
    await running


async def test_a_notification_wakes_only_the_listeners_on_its_channel(database: Database) -> None:
    notifier = Notifier(database)
    async with listening(Notifier(database), "other_channel") as other, listening(Notifier(database)) as notified:
        notifier.notify(CHANNEL)
        await wait_for(notified)

        assert not other.is_set()


async def test_subscribing_twice_to_a_channel_returns_the_same_event(database: Database) -> None:
    notifier = Notifier(database)

    assert notifier.subscribe(CHANNEL) is notifier.subscribe(CHANNEL)


async def test_many_notifications_at_once_are_sent_as_one(database: Database, database_url: str) -> None:
    channels: list[str] = []
    notifier = Notifier(database)
    async with receiving(database_url, channels) as connection:
        for _ in range(1_000):
            notifier.notify(CHANNEL)
        await all_sent(notifier)
        # Notifications sent before this statement arrive before its result.
        await connection.execute("SELECT 1")

    assert channels == [CHANNEL]


async def test_a_notification_requested_while_another_is_sent_is_sent_too(database: Database) -> None:
    notifier = Notifier(database)
    async with listening(Notifier(database)) as notified:
        for _ in range(5):
            notifier.notify(CHANNEL)
            await wait_for(notified)


async def test_a_few_notifications_after_a_pause_leave_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier_module, "NOTIFY_INTERVAL_S", 60)
    notifier = Notifier(database)
    async with listening(Notifier(database)) as notified:
        for _ in range(notifier_module.NOTIFY_BURST):
            notifier.notify(CHANNEL)
            await wait_for(notified)
            await all_sent(notifier)

        assert notifier._notify_at > asyncio.get_running_loop().time()


async def test_messages_reach_listeners_here_at_once_and_elsewhere_by_one_notification(database_url: str) -> None:
    async with pool(database_url) as here, pool(database_url) as there:
        sender, receiver = Notifier(here), Notifier(there)
        received_here, received_there = Received(), Received()
        sender.listen(CHANNEL, received_here)
        receiver.listen(CHANNEL, received_there)
        async with listening(sender), listening(receiver):
            await received_there.wait_for(None)
            sender.notify(CHANNEL, "a", "b")
            sender.notify(CHANNEL, "b", "c")

            assert received_here.calls[-2:] == [("a", "b"), ("b", "c")]
            await received_there.wait_for("a", "b", "c")
            await all_sent(sender)
            async with here.connection() as connection:
                await connection.execute("SELECT 1")

    # Its own notification comes back to a process, which ignores it.
    assert received_here.calls == [None, ("a", "b"), ("b", "c")]
    assert received_there.calls == [None, ("a", "b", "c")]


async def test_a_notification_without_messages_calls_no_listener_of_messages(database: Database) -> None:
    notifier = Notifier(database)
    received = Received()
    notifier.listen(CHANNEL, received)

    notifier.notify(CHANNEL)

    assert received.calls == []


@pytest.mark.parametrize(
    ("count", "length", "payloads"), [(1, 2_000, 1), (3, 2_000, 1), (4, 2_000, 2), (1_000, 40, 6), (96, 2_000, 32)]
)
async def test_messages_are_sent_in_as_few_payloads_as_possible(
    database: Database, database_url: str, count: int, length: int, payloads: int
) -> None:
    messages = [f"{number:x}".ljust(length, "-") for number in range(count)]
    received = Received()
    async with pool(database_url) as there:
        receiver, sender = Notifier(there), Notifier(database)
        receiver.listen(CHANNEL, received)
        async with listening(receiver):
            await received.wait_for(None)
            sender.notify(CHANNEL, *messages)
            await received.wait_for(*messages)

    assert len(received.calls) == 1 + payloads


@pytest.mark.parametrize(("count", "length"), [(97, 2_000), (notifier_module.MESSAGES_MAX + 1, 8)])
async def test_with_too_many_messages_a_listener_learns_that_some_are_missing(
    database: Database, database_url: str, count: int, length: int
) -> None:
    received = Received()
    async with pool(database_url) as there:
        receiver, sender = Notifier(there), Notifier(database)
        receiver.listen(CHANNEL, received)
        async with listening(receiver):
            await received.wait_for(None)
            received.calls.clear()
            sender.notify(CHANNEL, *[f"{number:x}".ljust(length, "-") for number in range(count)])
            await received.wait_for(None)

    assert received.calls == [None]


@pytest.mark.parametrize("message", ["a\nb", "x" * 2_001, "ä" * 1_001])
async def test_a_message_that_fits_no_payload_is_refused(database: Database, message: str) -> None:
    with pytest.raises(AssertionError):
        Notifier(database).notify(CHANNEL, message)


async def test_a_listener_of_messages_learns_that_some_may_be_missing_after_a_lost_connection(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier_module, "RECONNECT_DELAY_S", 0.01)
    received = Received()
    async with pool(database_url) as there:
        notifier = Notifier(there)
        notifier.listen(CHANNEL, received)
        async with listening(notifier):
            await received.wait_for(None)
            received.calls.clear()
            await terminate_listener(database)
            await received.wait_for(None)


class Received:
    """A listener that records what it gets."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, ...] | None] = []
        self._called = asyncio.Event()

    def __call__(self, messages: Sequence[str] | None) -> None:
        self.calls.append(None if messages is None else tuple(messages))
        self._called.set()

    async def wait_for(self, *messages: str | None) -> None:
        """Wait until these messages have arrived, in any number of calls; None: until some may be missing."""
        async with asyncio.timeout(5):
            while not set(messages) <= {
                message for call in self.calls for message in ([None] if call is None else call)
            }:
                self._called.clear()
                await self._called.wait()


async def test_a_listener_reconnects_after_its_connection_is_lost(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier_module, "RECONNECT_DELAY_S", 0.01)
    notifier = Notifier(database)
    async with pool(database_url) as there, listening(Notifier(there)) as notified:
        with capture_logs() as lines:
            await terminate_listener(database)
            # When it listens again, it first sets the event once; from then on, it receives notifications.
            await wait_for(notified)
        notifier.notify(CHANNEL)
        await wait_for(notified)
    errors = [line["error"] for line in lines if line["event"] == "queue.notifier.disconnected"]
    assert errors == ["PostgreSQL closed the connection that listens for notifications."]


async def test_stopping_returns_the_connection_to_the_pool_without_listeners(database_url: str) -> None:
    async with pool(database_url) as there:
        async with listening(Notifier(there)):
            pass

        async with there.connection() as connection:
            assert await connection.fetch("SELECT pg_listening_channels()") == []


async def test_notifying_never_fails_even_without_a_database(database_url: str) -> None:
    async with pool(database_url) as database:
        notifier = Notifier(database)
    notifier.notify(CHANNEL)

    await all_sent(notifier)


async def test_a_driver_error_after_a_lost_connection_does_not_break_later_notifications(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    notifier = Notifier(database)
    with monkeypatch.context() as patched:
        patched.setattr(asyncpg.Connection, "execute", AsyncMock(side_effect=asyncpg.InternalClientError("state 12")))
        notifier.notify(CHANNEL)
        await all_sent(notifier)

    async with listening(Notifier(database)) as notified:
        notifier.notify(CHANNEL)
        await wait_for(notified)


async def test_notifying_works_again_after_a_notification_failed(database: Database, database_url: str) -> None:
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
            await wait_for(notified)


async def test_a_cancelled_listener_leaves_no_listening_connection(database_url: str) -> None:
    async with pool(database_url) as database:
        notifier = Notifier(database)
        notified = notifier.subscribe(CHANNEL)
        running = asyncio.create_task(notifier.run(asyncio.Event()))
        await wait_for(notified)
        running.cancel()
        await asyncio.wait([running], timeout=5)
        assert running.cancelled()

        async with database.connection() as connection:
            assert await connection.fetch("SELECT pg_listening_channels()") == []
