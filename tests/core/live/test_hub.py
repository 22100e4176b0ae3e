"""Who subscribes while access ends: nothing after the end is shown."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from live_board import append, channel_of, create_board, read_after, read_positions
from ninefold.core.ids import new_id
from ninefold.core.live import Channel, Entry, Feed, FeedMap, Follower, Hub
from ninefold.core.live.access import Grant
from ninefold.core.live.errors import ChannelNotFoundError
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import Principal
from ninefold.core.tenancy.roles import ROLE_SCOPES, Role


class Doorkeeper:
    """Lets somebody in for the first time, and nobody afterwards: access ends right after it was checked."""

    def __init__(self) -> None:
        self.asked = 0

    async def may_read(self, connection: Connection, principal: Principal, channel: Channel) -> bool:
        del connection, principal, channel
        self.asked += 1
        return self.asked == 1


@asynccontextmanager
async def hub_with(database: Database, doorkeeper: Doorkeeper, *, can_end_access: bool) -> AsyncIterator[Hub]:
    """A hub with boards that a doorkeeper guards."""
    feed = Feed(
        pattern="board.notes:{name}",
        may_read=doorkeeper.may_read,
        read_positions=read_positions,
        read_after=read_after,
        can_end_access=can_end_access,
    )
    yield Hub(
        database,
        notifier=Notifier(database),
        feeds=FeedMap([feed]),
        methods={},
        kinds=[],
        connections_max=10,
        buffer_size_max=1_000,
    )


@pytest.fixture
async def board(database: Database) -> str:
    """The name of a board with a note."""
    name = f"board-{new_id().hex}"
    async with database.connection() as connection:
        await create_board(connection, name, organisation_id=new_id())
        await append(connection, name, b"1")
    return name


def grant() -> Grant:
    """Whatever a reader is allowed."""
    principal = Principal(organisation_id=UUID(int=1), credential_id=new_id(), scopes=ROLE_SCOPES[Role.OWNER])
    return Grant(principal, checked_at=time.monotonic())


async def test_access_that_ends_before_a_channel_is_opened_is_noticed(database: Database, board: str) -> None:
    async with hub_with(database, Doorkeeper(), can_end_access=True) as hub:
        with pytest.raises(ChannelNotFoundError):
            await hub.subscribe(channel_of(board), grant(), subscriber=Follower(hub), since=None)

        channel = hub.find_open(channel_of(board))
        assert channel is not None
        assert not channel.is_used


async def test_access_that_an_entry_ends_while_somebody_subscribes_is_noticed(database: Database, board: str) -> None:
    doorkeeper = Doorkeeper()
    async with hub_with(database, doorkeeper, can_end_access=True) as hub, Follower(hub) as other:
        await other.open(channel_of(board))
        channel = hub.find_open(channel_of(board))
        assert channel is not None
        first = await hub.subscribe(channel_of(board), grant(), subscriber=Follower(hub), since=None)
        first.close()

        doorkeeper.asked = 0
        find = hub.find

        async def find_then_end(name: str, grant: Grant) -> tuple[Feed, Channel]:
            found = await find(name, grant)
            channel.advance([Entry(channel.offset + 1, b"2", ends_access=True)])
            return found

        hub.find = find_then_end  # type: ignore[method-assign]  # what happens in between.
        with pytest.raises(ChannelNotFoundError):
            await hub.subscribe(channel_of(board), grant(), subscriber=Follower(hub), since=None)


async def test_feeds_whose_entries_end_no_access_are_asked_once(database: Database, board: str) -> None:
    doorkeeper = Doorkeeper()
    async with hub_with(database, doorkeeper, can_end_access=False) as hub:
        subscription = await hub.subscribe(channel_of(board), grant(), subscriber=Follower(hub), since=None)
        subscription.close()

    assert doorkeeper.asked == 1
