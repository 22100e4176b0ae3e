"""Reading: messages of a channel, and what of it a member hasn't read.

Unread counts are counted when they are asked for. No counter is stored, so none can be wrong.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.messaging.model import (
    CHANNEL_PREFIX,
    Channel,
    ChannelEvent,
    Member,
    Membership,
    Message,
    MessageDetails,
    Posted,
    Unread,
)
from ninefold.systems.messaging.rules.limits import READ_SIGNALS_MEMBERS_MAX, UNREAD_SHOWN_MAX
from ninefold.systems.messaging.service.files.sharing import list_files_of
from ninefold.systems.messaging.service.joining import get_membership, not_in_channel
from ninefold.systems.messaging.service.notifying import announce_to_members, notify_members
from ninefold.systems.messaging.service.presence import show_read
from ninefold.systems.messaging.service.sending import message_not_found
from ninefold.systems.messaging.store import channels as channel_store
from ninefold.systems.messaging.store import messages as store


class MessageWindow(NamedTuple):
    """Consecutive messages of a channel, oldest first."""

    messages: list[Message]
    has_earlier: bool
    has_later: bool


async def list_before(connection: Connection, channel: Channel, *, before: int | None, limit: int) -> MessageWindow:
    """Return the last messages before a sequence; None for the latest ones."""
    end = channel.last_sequence + 1 if before is None else before
    found = await store.message_list_before(connection, channel_id=channel.channel_id, before=end, limit=limit + 1)
    has_later = before is not None and await _has_after(connection, channel, before - 1)
    return MessageWindow(found[:limit][::-1], has_earlier=len(found) > limit, has_later=has_later)


async def list_after(connection: Connection, channel: Channel, *, after: int, limit: int) -> MessageWindow:
    """Return the first messages after a sequence."""
    found = await store.message_list_after(connection, channel_id=channel.channel_id, after=after, limit=limit + 1)
    earlier = await store.message_list_before(connection, channel_id=channel.channel_id, before=after + 1, limit=1)
    return MessageWindow(found[:limit], has_earlier=bool(earlier), has_later=len(found) > limit)


async def list_around(connection: Connection, channel: Channel, *, around: int, limit: int) -> MessageWindow:
    """Return messages on both sides of a sequence: half of them up to it, and the rest after it."""
    half = max(1, limit // 2)
    earlier = await list_before(connection, channel, before=around + 1, limit=half)
    later = await list_after(connection, channel, after=around, limit=max(1, limit - half))
    return MessageWindow(
        [*earlier.messages, *later.messages], has_earlier=earlier.has_earlier, has_later=later.has_later
    )


async def list_replies(
    connection: Connection, channel: Channel, *, thread_sequence: int, after: int, limit: int
) -> MessageWindow:
    """Return the first replies of a thread after a sequence.

    Raises:
        MessageNotFoundError: there is no message that begins the thread.
    """
    root = await store.message_find(connection, channel_id=channel.channel_id, sequence=thread_sequence)
    if root is None:
        raise message_not_found()
    found = await store.message_list_replies(
        connection,
        channel_id=channel.channel_id,
        thread_sequence=thread_sequence,
        after=after,
        limit=limit + 1,
    )
    return MessageWindow(found[:limit], has_earlier=after > thread_sequence, has_later=len(found) > limit)


async def list_events(connection: Connection, channel: Channel, *, after: int, limit: int) -> list[ChannelEvent]:
    """Return the first entries of a channel's log after a sequence."""
    found = await channel_store.event_list(connection, cursors=[(channel.channel_id, after)], limit=limit)
    return found.get(channel.channel_id, [])


async def get_message_by_ts(connection: Connection, channel: Channel, ts_us: int) -> Message:
    """Return the message of a channel with a time in µs, which is its id in Slack's API.

    Raises:
        MessageNotFoundError: there is no such message, or it was deleted.
    """
    message = await store.message_find_by_ts(connection, channel_id=channel.channel_id, ts_us=ts_us)
    if message is None or message.deleted_at is not None:
        raise message_not_found()
    return message


async def get_thread_by_ts(connection: Connection, channel: Channel, ts_us: int) -> Message:
    """Return the message that begins a thread, which can be a deleted one that has replies.

    Args:
        connection: any connection.
        channel: the channel of the message.
        ts_us: the time in µs of this message, or of a reply.

    Raises:
        MessageNotFoundError: there is no such message.
    """
    message = await store.message_find_by_ts(connection, channel_id=channel.channel_id, ts_us=ts_us)
    if message is not None and message.thread_sequence is not None:
        message = await store.message_find(connection, channel_id=channel.channel_id, sequence=message.thread_sequence)
    if message is None or (message.deleted_at is not None and not message.reply_count):
        raise message_not_found()
    return message


async def list_messages_by_sequences(
    connection: Connection, channel: Channel, sequences: Collection[int]
) -> Mapping[int, Message]:
    """Return several messages of a channel by their sequences, deleted ones too."""
    found = await store.message_list_by_sequences(connection, channel_id=channel.channel_id, sequences=sequences)
    return {message.sequence: message for message in found}


async def find_ts_at(connection: Connection, channel: Channel, sequence: int) -> int:
    """Return the time in µs of the last message before a sequence or at it; 0 if there is none."""
    return await store.message_ts_at(connection, channel_id=channel.channel_id, sequence=sequence)


async def find_sequence_at(connection: Connection, channel: Channel, ts_us: int) -> int:
    """Return the sequence of the last message before a time in µs or at it; 0 if there is none."""
    return await store.message_sequence_at(connection, channel_id=channel.channel_id, ts_us=ts_us)


async def add_details(connection: Connection, channel: Channel, messages: Sequence[Message]) -> list[MessageDetails]:
    """Return messages of a channel with their reactions and files, and whether they are pinned."""
    sequences = [message.sequence for message in messages if message.deleted_at is None]
    reactions = await store.reaction_list(connection, channel_id=channel.channel_id, sequences=sequences)
    pinned = await store.pin_list_sequences(connection, channel_id=channel.channel_id, sequences=sequences)
    files = await list_files_of(connection, messages)
    return [
        MessageDetails(
            message,
            reactions.get(message.sequence, []),
            is_pinned=message.sequence in pinned,
            files=[files[file_id] for file_id in message.file_ids],
        )
        for message in messages
    ]


async def get_posted_details(database: Database, channel: Channel, posted: Posted) -> MessageDetails:
    """Return the details of a message that was posted.

    A new one has no reactions and no pin yet, and who can't see the channel any more isn't shown them.
    """
    message = posted.message
    if posted.is_new and not message.file_ids:
        return MessageDetails(message, [], is_pinned=False)
    async with database.snapshot() as connection:
        (details,) = await add_details(connection, channel, [message])
    return details if posted.is_visible else details._replace(reactions=[], is_pinned=False)


async def mark_read(
    database: Database, notifier: Notifier, *, channel: Channel, member: Member, sequence: int
) -> Unread:
    """Note that a member has read a channel up to a sequence; an earlier one than before changes nothing.

    Returns:
        What the member hasn't read yet.

    Raises:
        NotInChannelError: the member isn't in the channel.
    """
    async with database.transaction() as connection:
        await get_membership(connection, channel, member.member_id)
        reached = min(sequence, channel.last_sequence)
        is_further = await channel_store.membership_update_read(
            connection, channel_id=channel.channel_id, member_id=member.member_id, read_sequence=reached
        )
        if is_further:
            entry = {
                "type": "read",
                "channel_id": format_id(CHANNEL_PREFIX, channel.channel_id),
                "read_sequence": reached,
            }
            await announce_to_members(connection, [member.member_id], entry)
        (unread,) = await count_unread(connection, member, channel_id=channel.channel_id)
        is_shown = is_further and not await _is_large(connection, channel)
    if is_further:
        notify_members(notifier, [member.member_id])
    if is_shown:
        show_read(notifier, channel, member, reached)
    return unread


async def set_muted(
    database: Database, notifier: Notifier, *, channel: Channel, member: Member, is_muted: bool
) -> Membership:
    """Mute a channel for a member, or not any more: its devices don't notify of what is new there.

    Raises:
        NotInChannelError: the member isn't in the channel.
    """
    async with database.transaction() as connection:
        changed = await channel_store.membership_update_muted(
            connection, channel_id=channel.channel_id, member_id=member.member_id, is_muted=is_muted
        )
        if changed is None:
            raise not_in_channel()
        entry = {
            "type": "muted",
            "channel_id": format_id(CHANNEL_PREFIX, channel.channel_id),
            "is_muted": is_muted,
        }
        await announce_to_members(connection, [member.member_id], entry)
    notify_members(notifier, [member.member_id])
    return changed


async def count_unread(connection: Connection, member: Member, *, channel_id: UUID | None = None) -> list[Unread]:
    """Count what a member hasn't read in the channels that it is in, or in one of them."""
    return await channel_store.membership_list_unread(
        connection, member_id=member.member_id, channel_id=channel_id, limit=UNREAD_SHOWN_MAX
    )


async def _is_large(connection: Connection, channel: Channel) -> bool:
    count = await channel_store.membership_count(connection, channel_id=channel.channel_id)
    return count > READ_SIGNALS_MEMBERS_MAX


async def _has_after(connection: Connection, channel: Channel, sequence: int) -> bool:
    return bool(await store.message_list_after(connection, channel_id=channel.channel_id, after=sequence, limit=1))
