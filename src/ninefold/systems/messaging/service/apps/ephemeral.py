"""Ephemeral messages: only one member sees them, on the devices that are connected, and no log has them."""

from datetime import UTC, datetime

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.messaging.errors import ChannelArchivedError
from ninefold.systems.messaging.model import CHANNEL_PREFIX, MEMBER_PREFIX, Block, Channel, Member
from ninefold.systems.messaging.rules.timestamps import format_ts, next_ts_us
from ninefold.systems.messaging.service.block_kit import complete_blocks
from ninefold.systems.messaging.service.joining import get_membership
from ninefold.systems.messaging.service.notifying import announce_to_members, notify_members
from ninefold.systems.messaging.service.sending import check_content


async def post_ephemeral(
    database: Database,
    notifier: Notifier,
    *,
    channel: Channel,
    author: Member,
    viewer: Member,
    text: str,
    blocks: list[Block] | None = None,
    thread_sequence: int | None = None,
    is_from_outside: bool = False,
) -> str:
    """Show a message to one member of a channel; return its `ts`.

    It is an entry of the member's own live channel, which is only kept while a device is connected.

    Args:
        database: where the entry is.
        notifier: wakes the devices of the viewer.
        channel: where it is shown.
        author: who writes it.
        viewer: who sees it, and is in the channel.
        text: as messages have it.
        blocks: as messages have them.
        thread_sequence: the message in whose thread it is shown.
        is_from_outside: whether its author needn't be in the channel, as an app that was asked there.

    Raises:
        InvalidMessageError: it is empty or too long.
        InvalidBlocksError: a block isn't as Block Kit says.
        NotInChannelError: the author isn't in the channel.
        ChannelArchivedError: the channel is archived.
    """
    blocks = complete_blocks(blocks)
    check_content(text, blocks)
    if channel.archived_at is not None:
        raise ChannelArchivedError("The channel is archived.", remedy="Unarchive it first.")
    at = datetime.now(UTC)
    ts = format_ts(next_ts_us(at, last_ts_us=0))
    entry = {
        "type": "ephemeral",
        "channel_id": format_id(CHANNEL_PREFIX, channel.channel_id),
        "member_id": format_id(MEMBER_PREFIX, author.member_id),
        "ts": ts,
        "at": at,
        "text": text,
        "blocks": blocks,
        "thread_sequence": thread_sequence,
    }
    async with database.transaction() as connection:
        if not is_from_outside:
            await get_membership(connection, channel, author.member_id)
        await announce_to_members(connection, [viewer.member_id], entry)
    notify_members(notifier, [viewer.member_id])
    return ts
