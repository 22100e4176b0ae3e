"""The names of messaging's live channels, and what is announced in those that are only written while watched."""

from collections.abc import Collection, Mapping
from typing import Any, Final
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.live import LIVE_CHANNEL
from ninefold.core.live.watched_log import append_watched, list_watched
from ninefold.core.postgres.database import Connection
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import ORGANISATION_PREFIX
from ninefold.systems.messaging.model import CHANNEL_PREFIX, MEMBER_PREFIX

CHANNEL_PATTERN: Final = "messaging.channel:{channel_id}"
MEMBER_PATTERN: Final = "messaging.member:{member_id}"
ORGANISATION_PATTERN: Final = "messaging.organisation:{organisation_id}"


def channel_feed(channel_id: UUID) -> str:
    """Return the live channel of a channel's log."""
    return f"messaging.channel:{format_id(CHANNEL_PREFIX, channel_id)}"


def member_feed(member_id: UUID) -> str:
    """Return the live channel of what concerns a member alone."""
    return f"messaging.member:{format_id(MEMBER_PREFIX, member_id)}"


def organisation_feed(organisation_id: UUID) -> str:
    """Return the live channel of an organisation's members and public channels."""
    return f"messaging.organisation:{format_id(ORGANISATION_PREFIX, organisation_id)}"


async def announce_to_members(connection: Connection, member_ids: Collection[UUID], entry: Mapping[str, Any]) -> None:
    """Append an entry to the live channels of members, for those who watch.

    Call it in the transaction of the change, and `notify_members` after the commit.
    """
    if member_ids:
        await _announce(connection, [member_feed(member_id) for member_id in member_ids], entry)


async def announce_to_organisation(connection: Connection, organisation_id: UUID, entry: Mapping[str, Any]) -> None:
    """Append an entry to the live channel of an organisation, for those who watch.

    Call it in the transaction of the change, and `notify_organisation` after the commit.
    """
    await _announce(connection, [organisation_feed(organisation_id)], entry)


def notify_channel(notifier: Notifier, channel_id: UUID) -> None:
    """Wake those who follow a channel; call it after the commit."""
    notifier.notify(LIVE_CHANNEL, channel_feed(channel_id))


def notify_members(notifier: Notifier, member_ids: Collection[UUID]) -> None:
    """Wake the devices of members; call it after the commit."""
    if member_ids:
        notifier.notify(LIVE_CHANNEL, *[member_feed(member_id) for member_id in member_ids])


def notify_organisation(notifier: Notifier, organisation_id: UUID) -> None:
    """Wake those who follow an organisation's members and channels; call it after the commit."""
    notifier.notify(LIVE_CHANNEL, organisation_feed(organisation_id))


async def _announce(connection: Connection, channels: Collection[str], entry: Mapping[str, Any]) -> None:
    encoded = msgspec.json.encode(entry)
    # Who begins to watch waits for this transaction.
    await list_watched(connection, prefix=next(iter(channels)))
    await append_watched(connection, [(channel, encoded) for channel in sorted(channels)])
