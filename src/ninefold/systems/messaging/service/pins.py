"""Pins: messages that members keep at hand in a channel."""

from typing import Final

from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.messaging.model import Channel, Member, Pin
from ninefold.systems.messaging.service.joining import get_membership
from ninefold.systems.messaging.service.logs import changing
from ninefold.systems.messaging.service.sending import get_message
from ninefold.systems.messaging.store import messages as store

PINS_MAX: Final = 100
"""Of one channel that are listed."""


async def pin_message(
    database: Database, notifier: Notifier, *, channel: Channel, member: Member, sequence: int
) -> bool:
    """Pin a message to its channel; return whether that is new.

    Raises:
        MessageNotFoundError: there is no such message.
        NotInChannelError: the member isn't in the channel.
        ChannelArchivedError: the channel is archived.
    """
    async with changing(database, notifier, channel) as change:
        change.require_open()
        await get_membership(change.connection, channel, member.member_id)
        await get_message(change.connection, channel, sequence)
        is_new = await store.pin_insert(
            change.connection,
            channel_id=channel.channel_id,
            sequence=sequence,
            member_id=member.member_id,
            at=change.at,
        )
        if is_new:
            await change.append("pin_added", member_id=member.member_id, message_sequence=sequence)
        return is_new


async def unpin_message(
    database: Database, notifier: Notifier, *, channel: Channel, member: Member | None, sequence: int
) -> bool:
    """Unpin a message; return whether it was pinned. None is a program of the organisation, which unpins any.

    Raises:
        MessageNotFoundError: there is no such message.
        NotInChannelError: the member isn't in the channel.
        ChannelArchivedError: the channel is archived.
    """
    async with changing(database, notifier, channel) as change:
        change.require_open()
        if member is not None:
            await get_membership(change.connection, channel, member.member_id)
        await get_message(change.connection, channel, sequence)
        was_pinned = await store.pin_delete(change.connection, channel_id=channel.channel_id, sequence=sequence)
        if was_pinned:
            member_id = None if member is None else member.member_id
            await change.append("pin_removed", member_id=member_id, message_sequence=sequence)
        return was_pinned


async def list_pins(connection: Connection, channel: Channel) -> list[Pin]:
    """Return the pins of a channel, latest first, at most `PINS_MAX`."""
    return await store.pin_list(connection, channel_id=channel.channel_id, limit=PINS_MAX)
