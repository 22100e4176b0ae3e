"""Reactions: emoji that members add to messages."""

from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.messaging.errors import InvalidEmojiError, TooManyReactionsError
from ninefold.systems.messaging.model import Channel, Member, Reacted
from ninefold.systems.messaging.rules.limits import EMOJI, REACTIONS_OF_MESSAGE_MAX
from ninefold.systems.messaging.service.joining import get_membership
from ninefold.systems.messaging.service.logs import changing
from ninefold.systems.messaging.service.sending import get_message
from ninefold.systems.messaging.store import messages as store


async def add_reaction(
    database: Database, notifier: Notifier, *, channel: Channel, member: Member, sequence: int, emoji: str
) -> bool:
    """Add an emoji to a message; return whether it is new.

    Raises:
        InvalidEmojiError: it isn't the name of an emoji, such as `tada`.
        TooManyReactionsError: the message has too many different ones.
        MessageNotFoundError: there is no such message.
        NotInChannelError: the member isn't in the channel.
        ChannelArchivedError: the channel is archived.
    """
    _check(emoji)
    async with changing(database, notifier, channel) as change:
        change.require_open()
        await get_membership(change.connection, channel, member.member_id)
        await get_message(change.connection, channel, sequence)
        is_new = await store.reaction_insert(
            change.connection,
            channel_id=channel.channel_id,
            sequence=sequence,
            emoji=emoji,
            member_id=member.member_id,
            at=change.at,
        )
        if not is_new:
            return False
        count = await store.reaction_count_emoji(change.connection, channel_id=channel.channel_id, sequence=sequence)
        if count > REACTIONS_OF_MESSAGE_MAX:
            raise TooManyReactionsError(f"A message has at most {REACTIONS_OF_MESSAGE_MAX} different emoji.")
        await change.append(
            "reaction_added", member_id=member.member_id, message_sequence=sequence, payload={"emoji": emoji}
        )
        return True


async def remove_reaction(
    database: Database, notifier: Notifier, *, channel: Channel, member: Member, sequence: int, emoji: str
) -> bool:
    """Remove an emoji that the member has added; return whether it was there.

    Raises:
        MessageNotFoundError: there is no such message.
        NotInChannelError: the member isn't in the channel.
        ChannelArchivedError: the channel is archived.
    """
    async with changing(database, notifier, channel) as change:
        change.require_open()
        await get_membership(change.connection, channel, member.member_id)
        await get_message(change.connection, channel, sequence)
        was_there = await store.reaction_delete(
            change.connection,
            channel_id=channel.channel_id,
            sequence=sequence,
            emoji=emoji,
            member_id=member.member_id,
        )
        if was_there:
            await change.append(
                "reaction_removed", member_id=member.member_id, message_sequence=sequence, payload={"emoji": emoji}
            )
        return was_there


async def list_reacted(
    connection: Connection, member: Member, *, viewer: Member, before: Reacted | None, limit: int
) -> list[Reacted]:
    """Return a page of the messages to which a member has added an emoji, the latest first.

    Args:
        connection: any connection.
        member: who has added them.
        viewer: only in channels that this member can see.
        before: the last one of the page before.
        limit: how many.
    """
    return await store.reaction_list_of_member(
        connection, member_id=member.member_id, viewer_id=viewer.member_id, before=before, limit=limit
    )


def _check(emoji: str) -> None:
    if EMOJI.fullmatch(emoji) is None:
        raise InvalidEmojiError(
            f"{emoji[:80]!r} isn't the name of an emoji.", field="emoji", remedy="Send a name such as `tada`."
        )
