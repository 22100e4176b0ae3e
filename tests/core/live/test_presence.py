"""Presence: who has subscribed, on all servers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from ninefold.core.ids import new_id
from ninefold.core.live import presence as presence_module
from ninefold.core.live.channels import OpenChannel
from ninefold.core.live.model import Channel, Position
from ninefold.core.live.presence import Presence
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier

ARRIVES_WITHIN_S = 10


class Watcher:
    """A subscriber that records who joins and leaves."""

    def __init__(self) -> None:
        self.seen: list[tuple[bool, bytes]] = []

    def deliver(self, _: object) -> None:
        raise NotImplementedError

    def lose_position(self) -> None:
        raise NotImplementedError

    def check_access(self) -> bool:
        raise NotImplementedError

    def show_signal(self, signal: bytes) -> None:
        raise NotImplementedError

    def show_member(self, *, has_joined: bool, member: bytes) -> None:
        self.seen.append((has_joined, member))


class Server:
    """The presence of one server, with one open channel."""

    def __init__(self, database: Database) -> None:
        self.notifier = Notifier(database)
        self.watcher = Watcher()
        self._channel = OpenChannel(Channel("a", {}), epoch="e", position=Position(offset=0))
        self._channel.subscribers.add(self.watcher)
        self.presence = Presence(database, notifier=self.notifier, channels=self)

    def find_open(self, name: str) -> OpenChannel | None:
        return self._channel if name == "a" else None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        stopping = asyncio.Event()
        tasks = [
            asyncio.create_task(self.notifier.run(stopping)),
            asyncio.create_task(self.presence.run()),
            asyncio.create_task(self.presence.run_heartbeat()),
        ]
        try:
            yield
        finally:
            stopping.set()
            await tasks.pop(0)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def members(self) -> list[str]:
        return sorted([member.user_id for member in await self.presence.list_members("a")])


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence_module, "PRESENCE_INTERVAL_S", 0.01)
    monkeypatch.setattr(presence_module, "PRESENCE_HEARTBEAT_S", 0.05)


async def wait_until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(ARRIVES_WITHIN_S):
        while not condition():
            await asyncio.sleep(0.01)


async def test_members_of_all_servers_are_listed_and_shown_when_they_join_and_leave(database: Database) -> None:
    one, two = Server(database), Server(database)
    first, second = new_id(), new_id()
    async with one.running(), two.running():
        one.presence.join("a", client_id=first, user_id="acc_1")
        assert await one.members() == ["acc_1"]
        await wait_until(lambda: bool(one.presence._shown.get("a")))
        two.presence.join("a", client_id=second, user_id="acc_2")
        await wait_until(lambda: len(one.watcher.seen) >= 1)
        assert await one.members() == await two.members() == ["acc_1", "acc_2"]
        two.presence.leave("a", second)
        await wait_until(lambda: len(one.watcher.seen) >= 2)
        assert await two.members() == ["acc_1"]

    assert [has_joined for has_joined, _ in one.watcher.seen] == [True, False]
    assert all(b'"user":"acc_2"' in member for _, member in one.watcher.seen)


async def test_a_client_that_comes_and_goes_at_once_is_not_written(database: Database) -> None:
    server = Server(database)
    client_id = new_id()
    server.presence.join("a", client_id=client_id, user_id="acc_1")
    server.presence.leave("a", client_id)
    server.presence.leave("a", client_id)

    assert await server.members() == []


async def test_the_clients_of_a_server_that_stops_leave(database: Database) -> None:
    one, two = Server(database), Server(database)
    async with one.running():
        one.presence.join("a", client_id=new_id(), user_id="acc_1")
        await wait_until(lambda: bool(one.presence._shown.get("a")))
        two.presence.join("a", client_id=new_id(), user_id="acc_2")
        await two.members()
        await wait_until(lambda: len(one.watcher.seen) == 1)
        await two.presence.leave_all()
        await wait_until(lambda: len(one.watcher.seen) == 2)

    assert await one.members() == ["acc_1"]


async def test_the_clients_of_a_dead_server_are_removed(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence_module, "PRESENCE_EXPIRY_S", 0.3)
    alive, dead = Server(database), Server(database)
    dead.presence.join("a", client_id=new_id(), user_id="acc_dead")
    assert await dead.members() == ["acc_dead"]
    async with alive.running():
        alive.presence.join("a", client_id=new_id(), user_id="acc_alive")
        async with asyncio.timeout(ARRIVES_WITHIN_S):
            while await alive.members() != ["acc_alive"]:
                await asyncio.sleep(0.02)


async def test_a_server_that_others_took_for_dead_adds_its_clients_again(database: Database) -> None:
    server = Server(database)
    async with server.running():
        server.presence.join("a", client_id=new_id(), user_id="acc_1")
        await server.members()
        async with database.connection() as connection:
            await connection.execute("DELETE FROM live.server")
        async with asyncio.timeout(ARRIVES_WITHIN_S):
            while await server.members() != ["acc_1"]:
                await asyncio.sleep(0.02)
