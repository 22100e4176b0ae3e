"""Presence: which clients have subscribed to a channel, on all servers. It is ephemeral, and collected for a moment."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final, Protocol
from uuid import UUID

import msgspec
import structlog

from ninefold.core.ids import format_id, new_id
from ninefold.core.live import store
from ninefold.core.live.channels import OpenChannel
from ninefold.core.live.limits import (
    CHANNELS_PER_QUERY,
    MEMBERS_MAX,
    PRESENCE_EXPIRY_S,
    PRESENCE_HEARTBEAT_S,
    PRESENCE_INTERVAL_S,
)
from ninefold.core.live.store import Member
from ninefold.core.live.viewers import CLIENT_PREFIX
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue.notifier import Notifier

PRESENCE_CHANNEL: Final = "ninefold_presence"
"""The notifier's channel for names of channels whose members have changed."""

log = structlog.get_logger(__name__)


class MemberInfo(msgspec.Struct, frozen=True):
    """A member, as clients see it."""

    user: str
    client: str


class OpenChannels(Protocol):
    """Where open channels are found."""

    def find_open(self, name: str) -> OpenChannel | None:
        """Return a channel if it is open."""
        ...


class Presence:
    """The members of channels.

    Args:
        database: where all servers write their members.
        notifier: tells the others that members have changed.
        channels: the open channels, whose subscribers are told of changes.
    """

    def __init__(self, database: Database, *, notifier: Notifier, channels: OpenChannels) -> None:
        self._database: Final = database
        self._notifier: Final = notifier
        self._channels: Final = channels
        self._server_id: Final = new_id()
        self._own: dict[tuple[str, UUID], Member] = {}
        """The members of this server."""
        self._unwritten: dict[tuple[str, UUID], Member] = {}
        """Those that have joined or left since the last write."""
        self._shown: dict[str, dict[UUID, Member]] = {}
        """The members of channels as their subscribers know them."""
        self._to_show: dict[str, None] = {}
        self._has_work: Final = asyncio.Event()
        self._writing: Final = asyncio.Lock()
        self._is_registered = False
        notifier.listen(PRESENCE_CHANNEL, self._on_change)

    def join(self, channel: str, *, client_id: UUID, user_id: str) -> None:
        """Note that a client of this server has subscribed to a channel."""
        member = Member(channel, client_id, user_id)
        self._own[channel, client_id] = self._unwritten[channel, client_id] = member
        self._has_work.set()

    def leave(self, channel: str, client_id: UUID) -> None:
        """Note that a client of this server has left a channel; without effect if it wasn't a member."""
        member = self._own.pop((channel, client_id), None)
        if member is not None:
            self._unwritten[channel, client_id] = member
            self._has_work.set()

    async def list_members(self, channel: str) -> list[Member]:
        """Return the members of a channel, at most `MEMBERS_MAX`.

        Raises:
            DatabaseUnavailableError: PostgreSQL is unavailable.
        """
        await self._write()
        async with self._database.connection() as connection:
            return await store.member_list(connection, channels=[channel], limit=MEMBERS_MAX)

    async def run(self) -> None:
        """Write and show changes, until cancelled."""
        while True:
            await self._has_work.wait()
            self._has_work.clear()
            try:
                await self._write()
                await self._show()
            except DatabaseUnavailableError as error:
                log.info("live.presence.delayed", error=str(error))
                self._has_work.set()
            await asyncio.sleep(PRESENCE_INTERVAL_S)

    async def run_heartbeat(self) -> None:
        """Say that this server is alive while it has members, and remove those of dead servers, until cancelled."""
        while True:
            await asyncio.sleep(PRESENCE_HEARTBEAT_S)
            if not self._own and not self._is_registered:
                continue
            try:
                await self._beat()
            except DatabaseUnavailableError as error:
                log.info("live.presence.delayed", error=str(error))

    async def leave_all(self) -> None:
        """Remove all members of this server, because it stops."""
        if not self._is_registered:
            return
        try:
            async with self._database.connection() as connection:
                changed = await store.server_delete(connection, server_id=self._server_id)
        except DatabaseUnavailableError as error:
            log.info("live.presence.delayed", error=str(error))
            return
        self._announce(changed)

    async def _beat(self) -> None:
        async with self._database.connection() as connection:
            if await store.server_extend(connection, server_id=self._server_id):
                # Others have taken this server for dead, or PostgreSQL has recovered from a crash.
                self._unwritten.update(self._own)
                self._has_work.set()
            self._is_registered = True
            changed = await store.server_delete_expired(connection, expiry=timedelta(seconds=PRESENCE_EXPIRY_S))
        self._announce(changed)
        # A notification can have been lost.
        self._on_change(None)

    async def _write(self) -> None:
        async with self._writing:
            if not (unwritten := self._unwritten):
                return
            self._unwritten = {}
            joined = [member for key, member in unwritten.items() if key in self._own]
            left = [member for key, member in unwritten.items() if key not in self._own]
            try:
                async with self._database.transaction() as connection:
                    await store.server_extend(connection, server_id=self._server_id)
                    await store.member_insert(connection, server_id=self._server_id, members=joined)
                    await store.member_delete(connection, members=left)
            except DatabaseUnavailableError:
                self._unwritten = unwritten | self._unwritten
                raise
            self._is_registered = True
            self._announce({member.channel for member in unwritten.values()})

    def _announce(self, channels: set[str]) -> None:
        if channels:
            self._notifier.notify(PRESENCE_CHANNEL, *sorted(channels))

    def _on_change(self, channels: Sequence[str] | None) -> None:
        self._to_show.update(dict.fromkeys(self._shown if channels is None else channels))
        if self._to_show:
            self._has_work.set()

    async def _show(self) -> None:
        """Tell the subscribers of open channels who has joined and left."""
        names, self._to_show = list(self._to_show), {}
        channels = [channel for name in names if (channel := self._channels.find_open(name)) is not None]
        for name in self._shown.keys() - {channel.name for channel in channels}:
            if self._channels.find_open(name) is None:
                del self._shown[name]
        for start in range(0, len(channels), CHANNELS_PER_QUERY):
            part = channels[start : start + CHANNELS_PER_QUERY]
            async with self._database.connection() as connection:
                members = await store.member_list(
                    connection, channels=[channel.name for channel in part], limit=MEMBERS_MAX
                )
            by_channel: dict[str, dict[UUID, Member]] = {channel.name: {} for channel in part}
            for member in members:
                by_channel[member.channel][member.client_id] = member
            for channel in part:
                self._show_difference(channel, by_channel[channel.name])

    def _show_difference(self, channel: OpenChannel, members: Mapping[UUID, Member]) -> None:
        before = self._shown.get(channel.name)
        self._shown[channel.name] = dict(members)
        if before is None:
            # Clients ask for the members that were there before them.
            return
        for has_joined, one, other in ((True, members, before), (False, before, members)):
            for client_id in one.keys() - other.keys():
                info = encode_member(one[client_id])
                for subscriber in tuple(channel.subscribers):
                    subscriber.show_member(has_joined=has_joined, member=info)


def encode_member(member: Member) -> bytes:
    """Return a member as clients see it, as JSON."""
    return msgspec.json.encode(MemberInfo(user=member.user_id, client=format_id(CLIENT_PREFIX, member.client_id)))
