"""Who is in a channel."""

from uuid import UUID

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.messaging.errors import NotInChannelError
from ninefold.systems.messaging.model import MEMBER_PREFIX, Channel, Membership
from ninefold.systems.messaging.service.logs import ChannelChange
from ninefold.systems.messaging.store import channels as store


async def add_member(change: ChannelChange, member_id: UUID, *, inviter_id: UUID | None = None) -> bool:
    """Add a member to a channel that is locked; return whether it is new there.

    Args:
        change: the change of the channel.
        member_id: whom to add.
        inviter_id: who has invited the member; None if it joins by itself.
    """
    channel_id = change.channel.channel_id
    if await store.membership_find(change.connection, channel_id=channel_id, member_id=member_id) is not None:
        return False
    payload = {"inviter_id": None if inviter_id is None else format_id(MEMBER_PREFIX, inviter_id)}
    sequence = await change.append("member_joined", member_id=member_id, payload=payload)
    await store.membership_upsert(
        change.connection,
        channel_id=channel_id,
        member_id=member_id,
        joined_at=change.at,
        joined_sequence=sequence,
    )
    await change.tell_members([member_id], "joined", sequence=sequence)
    return True


async def remove_member(change: ChannelChange, member_id: UUID, *, remover_id: UUID | None = None) -> bool:
    """Take a member out of a channel that is locked; return whether it was in it.

    Args:
        change: the change of the channel.
        member_id: whom to take out.
        remover_id: who does it; None if the member leaves by itself.
    """
    channel_id = change.channel.channel_id
    if await store.membership_find(change.connection, channel_id=channel_id, member_id=member_id) is None:
        return False
    payload = {
        "remover_id": None if remover_id is None else format_id(MEMBER_PREFIX, remover_id),
        "ends_access": change.channel.kind != "public",
    }
    sequence = await change.append("member_left", member_id=member_id, payload=payload)
    await store.membership_update_left(change.connection, channel_id=channel_id, member_id=member_id, left_at=change.at)
    await change.tell_members([member_id], "left", sequence=sequence)
    return True


async def get_membership(connection: Connection, channel: Channel, member_id: UUID) -> Membership:
    """Return how a member is in a channel.

    Raises:
        NotInChannelError: it isn't.
    """
    membership = await store.membership_find(connection, channel_id=channel.channel_id, member_id=member_id)
    if membership is None:
        raise not_in_channel()
    return membership


def not_in_channel() -> NotInChannelError:
    """Return the error for a member that isn't in a channel."""
    return NotInChannelError("The member isn't in the channel.", remedy="Join the channel first.")
