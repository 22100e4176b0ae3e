"""Reads single entries of a channel's log, and the messages that they are about."""

from collections.abc import Collection
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.messaging.model import Channel, ChannelEvent, Membership, Message
from ninefold.systems.messaging.store import channels as channel_store
from ninefold.systems.messaging.store import messages as store


async def find_entry(connection: Connection, *, channel_id: UUID, sequence: int) -> ChannelEvent | None:
    """Return an entry of a channel's log."""
    found = await channel_store.event_list(connection, cursors=[(channel_id, sequence - 1)], limit=1)
    return next((each for each in found.get(channel_id, []) if each.sequence == sequence), None)


async def find_message(connection: Connection, channel: Channel, sequence: int) -> Message | None:
    """Return a message, also one that was deleted."""
    return await store.message_find(connection, channel_id=channel.channel_id, sequence=sequence)


async def find_text_before(connection: Connection, edit: ChannelEvent) -> ChannelEvent | None:
    """Return the entry with the text that a message had before an edit."""
    assert edit.message_sequence is not None, "an edit is of a message"
    return await channel_store.event_find_text_before(
        connection,
        channel_id=edit.channel_id,
        message_sequence=edit.message_sequence,
        sequence=edit.sequence,
    )


async def list_entries(
    connection: Connection, *, cursors: Collection[tuple[UUID, int]], limit: int
) -> dict[UUID, list[ChannelEvent]]:
    """Return the next entries of several logs, by channel.

    Args:
        connection: any connection.
        cursors: pairs of a channel and the last sequence that is known.
        limit: how many of each log.
    """
    return await channel_store.event_list(connection, cursors=cursors, limit=limit) if cursors else {}


async def list_memberships(connection: Connection, *, member_id: UUID) -> list[tuple[Membership, int]]:
    """Return how a member is in its channels, each with the last sequence of the channel's log."""
    return await channel_store.membership_list_current(connection, member_id=member_id)
