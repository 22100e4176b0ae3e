"""Who is there, and who has read what."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.live.signals import show_signal
from ninefold.core.postgres.database import Connection
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.messaging.model import MEMBER_PREFIX, Channel, Member, Message
from ninefold.systems.messaging.rules.limits import ACTIVE_FOR, READERS_COUNTED_MAX, READERS_SHOWN_MAX
from ninefold.systems.messaging.service.notifying import channel_feed
from ninefold.systems.messaging.store import channels as store
from ninefold.systems.messaging.store import members as member_store


class Readers(NamedTuple):
    """Who has read a message, without who has written it."""

    total: int
    """Up to `READERS_COUNTED_MAX`."""
    member_ids: list[UUID]
    """The first `READERS_SHOWN_MAX` of them."""


def is_active(member: Member, *, now: datetime) -> bool:
    """Return whether a member is there: it has done something or had a device connected in the last ten minutes.

    Members who say that they are away aren't, and neither are deactivated ones.
    """
    if member.is_deactivated or member.presence == "away" or member.seen_at is None:
        return False
    return now - member.seen_at < ACTIVE_FOR


async def list_presences(
    connection: Connection, *, organisation_id: UUID, member_ids: Collection[UUID]
) -> list[tuple[UUID, bool]]:
    """Return which of several members of an organisation are there; those that don't exist are missing."""
    found = await member_store.member_list_by_ids(connection, organisation_id=organisation_id, member_ids=member_ids)
    now = datetime.now(UTC)
    return [(member.member_id, is_active(member, now=now)) for member in found]


async def record_connected(connection: Connection, member_ids: Sequence[UUID]) -> None:
    """Write that members have a device connected, once a minute."""
    await member_store.member_record_connected(connection, member_ids=member_ids)


async def list_readers(connection: Connection, channel: Channel, message: Message) -> Readers:
    """Return who has read a message: the members of the channel that have read it up to there or further."""
    found = await store.membership_list_readers(
        connection,
        channel_id=channel.channel_id,
        sequence=message.sequence,
        author_id=message.member_id,
        limit=READERS_COUNTED_MAX,
    )
    return Readers(len(found), found[:READERS_SHOWN_MAX])


def show_read(notifier: Notifier, channel: Channel, member: Member, sequence: int) -> None:
    """Show those who read a channel now how far a member has read it. It isn't stored, and can get lost."""
    signal = {"type": "read", "member_id": format_id(MEMBER_PREFIX, member.member_id), "sequence": sequence}
    show_signal(notifier, channel_feed(channel.channel_id), msgspec.json.encode(signal))
