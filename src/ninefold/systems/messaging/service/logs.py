"""The log of a channel: each change locks the channel, and appends the next entry.

    async with changing(database, notifier, channel) as change:
        await change.append("channel_topic", member_id=member.member_id, payload={"topic": topic})

Who reads is notified after the commit.
"""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.messaging.errors import ChannelArchivedError, ChannelNotFoundError
from ninefold.systems.messaging.model import CHANNEL_PREFIX, Channel, ChannelEvent, EventType, Message
from ninefold.systems.messaging.service.apps.events import notify_apps, tell_apps, tell_apps_of_entry
from ninefold.systems.messaging.service.notifying import (
    announce_to_members,
    announce_to_organisation,
    notify_channel,
    notify_members,
    notify_organisation,
)
from ninefold.systems.messaging.store import channels as store
from ninefold.systems.messaging.store.messages import message_post


class ChannelChange:
    """A channel that nobody else can change until the transaction ends.

    Args:
        connection: in the transaction that has locked the channel.
        channel: as it is.
        has_apps: whether an app of the organisation is told what happens.
    """

    def __init__(self, connection: Connection, channel: Channel, *, has_apps: bool = False) -> None:
        self.connection: Final = connection
        self.channel = channel
        """As it is after the entries that were appended."""
        self.at: Final = datetime.now(UTC)
        """The time of the change."""
        self._has_apps: Final = has_apps
        self._apps_to_notify: set[UUID] = set()
        self._members_to_notify: set[UUID] = set()
        self._is_organisation_to_notify = False

    async def append(
        self,
        kind: EventType,
        *,
        member_id: UUID | None,
        message_sequence: int | None = None,
        payload: Mapping[str, Any] | None = None,
    ) -> int:
        """Append an entry that isn't a new message; return its sequence.

        Args:
            kind: what happened.
            member_id: who did it; None for the installation itself.
            message_sequence: the message that it is about.
            payload: what else there is to say.
        """
        event = ChannelEvent(
            channel_id=self.channel.channel_id,
            sequence=self.channel.last_sequence + 1,
            type=kind,
            at=self.at,
            member_id=member_id,
            message_sequence=message_sequence,
            payload=dict(payload or {}),
        )
        await store.channel_append(self.connection, event)
        self.channel = msgspec.structs.replace(self.channel, last_sequence=event.sequence)
        await self._tell_apps_of(event)
        return event.sequence

    async def post(self, message: Message, payload: Mapping[str, Any]) -> bool:
        """Append a message; return False if its `client_msg_id` has become another one, and roll back then.

        Args:
            message: with the next sequence.
            payload: what its entry in the log has.
        """
        event = ChannelEvent(
            channel_id=message.channel_id,
            sequence=message.sequence,
            type="message",
            at=self.at,
            member_id=message.member_id,
            message_sequence=None,
            payload=dict(payload),
        )
        is_new = await message_post(self.connection, message, event, organisation_id=self.channel.organisation_id)
        self.channel = msgspec.structs.replace(self.channel, last_sequence=message.sequence, last_ts_us=message.ts_us)
        if is_new:
            await self._tell_apps_of(event)
        return is_new

    async def tell_members(self, member_ids: Collection[UUID], kind: str, **fields: Any) -> None:
        """Tell members what concerns them alone, on all their devices."""
        self._members_to_notify.update(member_ids)
        await announce_to_members(self.connection, member_ids, self._entry(kind, fields))

    async def tell_organisation(self, kind: str, **fields: Any) -> None:
        """Tell everybody in the organisation, if everybody can see the channel."""
        if self.channel.kind == "public":
            self._is_organisation_to_notify = True
            entry = self._entry(kind, fields)
            await announce_to_organisation(self.connection, self.channel.organisation_id, entry)

    async def tell_apps(self, name: str, payload: dict[str, Any]) -> None:
        """Tell the apps of the organisation what isn't in the log of a channel; see `tell_apps`."""
        if self._has_apps:
            organisation_id = self.channel.organisation_id
            told = await tell_apps(self.connection, organisation_id=organisation_id, name=name, payload=payload)
            self._apps_to_notify.update(told)

    def require_open(self) -> None:
        """Check that the channel isn't archived.

        Raises:
            ChannelArchivedError: it is.
        """
        if self.channel.archived_at is not None:
            raise ChannelArchivedError("The channel is archived.", remedy="Unarchive it first.")

    def notify(self, notifier: Notifier) -> None:
        """Wake those who read; call it after the commit."""
        notify_channel(notifier, self.channel.channel_id)
        notify_members(notifier, self._members_to_notify)
        notify_apps(notifier, self._apps_to_notify)
        if self._is_organisation_to_notify:
            notify_organisation(notifier, self.channel.organisation_id)

    async def _tell_apps_of(self, event: ChannelEvent) -> None:
        if self._has_apps:
            self._apps_to_notify.update(await tell_apps_of_entry(self.connection, self.channel, event))

    def _entry(self, kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {"type": kind, "channel_id": format_id(CHANNEL_PREFIX, self.channel.channel_id), **fields}


async def lock_channel(connection: Connection, *, organisation_id: UUID, channel_id: UUID) -> ChannelChange:
    """Lock a channel until the transaction ends; call `ChannelChange.notify` after the commit.

    Raises:
        ChannelNotFoundError: the organisation has no such channel.
    """
    found = await store.channel_lock(connection, organisation_id=organisation_id, channel_id=channel_id)
    if found is None:
        raise channel_not_found()
    channel, has_apps = found
    return ChannelChange(connection, channel, has_apps=has_apps)


@asynccontextmanager
async def changing(database: Database, notifier: Notifier, channel: Channel) -> AsyncIterator[ChannelChange]:
    """Lock a channel for a transaction of its own, and notify those who read after the commit."""
    async with database.transaction() as connection:
        change = await lock_channel(connection, organisation_id=channel.organisation_id, channel_id=channel.channel_id)
        yield change
    change.notify(notifier)


def channel_not_found() -> ChannelNotFoundError:
    """Return the error for a channel that doesn't exist, or that the member can't see."""
    return ChannelNotFoundError(
        "There is no such channel.", field="channel_id", remedy="List the channels to see their ids."
    )
