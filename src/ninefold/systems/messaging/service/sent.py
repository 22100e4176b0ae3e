"""What was sent before: the same `client_msg_id` of a member is the same message for all time, with the same answer.

Also when the member can't see the channel any more. A refusal isn't kept: what was refused can be sent again.
"""

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.messaging.errors import ClientMessageIdUsedError
from ninefold.systems.messaging.model import Channel, Member, Posted
from ninefold.systems.messaging.service.channels import can_see
from ninefold.systems.messaging.service.logs import channel_not_found
from ninefold.systems.messaging.store import messages as store


async def find_sent(
    connection: Connection, channel: Channel, member: Member, client_msg_id: str | None
) -> Posted | None:
    """Return what a send of a member became before; None if it is new.

    Who can't see the channel any more isn't shown what others have done with the message since.

    Raises:
        ClientMessageIdUsedError: the id was used in another channel.
    """
    if client_msg_id is None:
        return None
    sent = await store.sent_find(connection, member_id=member.member_id, client_msg_id=client_msg_id)
    if sent is None:
        return None
    channel_id, sequence = sent
    if channel_id != channel.channel_id:
        raise ClientMessageIdUsedError(
            "This id was used for a message of another channel.",
            field="client_msg_id",
            remedy="Give each message an id of its own.",
        )
    message = await store.message_find(connection, channel_id=channel_id, sequence=sequence)
    assert message is not None, "messages are blanked, and never removed"
    if await can_see(connection, channel, member):
        return Posted(message, is_new=False)
    alone = msgspec.structs.replace(message, reply_count=0, latest_reply_sequence=None)
    return Posted(alone, is_new=False, is_visible=False)


async def require_sendable(
    connection: Connection, channel: Channel, member: Member, client_msg_id: str | None
) -> Channel:
    """Return a channel to which a member can send: it can see it, or has sent the same message there before.

    Raises:
        ChannelNotFoundError: neither.
        ClientMessageIdUsedError: the id was used in another channel.
    """
    # In this order: the message can be committed, and the member taken out, between the two queries.
    if await can_see(connection, channel, member):
        return channel
    if await find_sent(connection, channel, member, client_msg_id) is None:
        raise channel_not_found()
    return channel
