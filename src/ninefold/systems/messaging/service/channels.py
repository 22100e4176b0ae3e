"""Channels: who sees which, and what is done with them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.messaging.errors import (
    ChannelNameTakenError,
    GeneralChannelError,
    InvalidChannelNameError,
    NotPossibleHereError,
)
from ninefold.systems.messaging.model import Channel, ChannelKind, Member, Membership
from ninefold.systems.messaging.rules.limits import CHANNEL_NAME, GROUP_MEMBERS_MAX
from ninefold.systems.messaging.service.joining import add_member, get_membership, remove_member
from ninefold.systems.messaging.service.logs import ChannelChange, changing, channel_not_found, lock_channel
from ninefold.systems.messaging.service.slack_ids import new_slack_id
from ninefold.systems.messaging.store import channels as store

_PAIR: Final = 2


async def create_channel(
    database: Database,
    notifier: Notifier,
    *,
    creator: Member,
    name: str,
    is_private: bool = False,
    topic: str = "",
    purpose: str = "",
) -> Channel:
    """Create a channel, which its creator is in.

    Raises:
        InvalidChannelNameError: the name has other characters, or is too long.
        ChannelNameTakenError: the organisation has a channel of this name.
    """
    _check_name(name)
    async with database.transaction() as connection:
        channel = await store.channel_insert(
            connection,
            channel_id=new_id(),
            organisation_id=creator.organisation_id,
            slack_id=new_slack_id("G" if is_private else "C"),
            kind="private" if is_private else "public",
            name=name,
            topic=topic,
            purpose=purpose,
            creator_id=creator.member_id,
        )
        if channel is None:
            raise _name_taken(name)
        change = await _lock(connection, channel)
        await add_member(change, creator.member_id)
        await change.tell_organisation("channel_created")
        if channel.kind == "public":
            await change.tell_apps("channel_created", {"channel": _shown_to_apps(channel, creator)})
    change.notify(notifier)
    return change.channel


async def open_conversation(
    database: Database, notifier: Notifier, *, opener: Member, others: Collection[Member]
) -> tuple[Channel, bool]:
    """Return the conversation of certain members, and whether it is new.

    Args:
        database: where it is.
        notifier: wakes their devices.
        opener: who opens it; it is in it too.
        others: with whom; nobody for the conversation of a member with itself.

    Raises:
        NotPossibleHereError: there are too many members.
    """
    member_ids = _sorted_ids(opener, others)
    if len(member_ids) > GROUP_MEMBERS_MAX:
        raise NotPossibleHereError(
            f"A conversation has at most {GROUP_MEMBERS_MAX} members.", remedy="Create a private channel."
        )
    direct_key = _direct_key(member_ids)
    kind: ChannelKind = "direct" if len(member_ids) <= _PAIR else "group"
    async with database.transaction() as connection:
        made = await store.channel_insert(
            connection,
            channel_id=new_id(),
            organisation_id=opener.organisation_id,
            slack_id=new_slack_id("D" if kind == "direct" else "G"),
            kind=kind,
            direct_key=direct_key,
            creator_id=opener.member_id,
        )
        if made is None:
            found = await store.channel_find_by_direct_key(
                connection, organisation_id=opener.organisation_id, direct_key=direct_key
            )
            assert found is not None, "it is never deleted"
            return found, False
        change = await _lock(connection, made)
        for member_id in member_ids:
            await add_member(change, member_id)
    change.notify(notifier)
    return change.channel, True


async def find_conversation(connection: Connection, opener: Member, others: Collection[Member]) -> Channel | None:
    """Return the conversation of certain members; None if nobody has opened it."""
    return await store.channel_find_by_direct_key(
        connection,
        organisation_id=opener.organisation_id,
        direct_key=_direct_key(_sorted_ids(opener, others)),
    )


async def get_channel(connection: Connection, *, organisation_id: UUID, channel_id: UUID) -> Channel:
    """Return a channel of an organisation, without checking who can see it.

    Raises:
        ChannelNotFoundError: it has no such channel.
    """
    channel = await store.channel_find(connection, organisation_id=organisation_id, channel_id=channel_id)
    if channel is None:
        raise channel_not_found()
    return channel


async def require_visible(connection: Connection, channel: Channel, member: Member | None) -> Channel:
    """Return a channel that a member can see; None is a program of the organisation, which sees all.

    Raises:
        ChannelNotFoundError: the member can't see it.
    """
    if not await can_see(connection, channel, member):
        raise channel_not_found()
    return channel


async def can_see(connection: Connection, channel: Channel, member: Member | None) -> bool:
    """Return whether a member can see a channel: a public one, or one that it is in. None can see all."""
    if member is None or channel.kind == "public":
        return True
    found = await store.membership_find(connection, channel_id=channel.channel_id, member_id=member.member_id)
    return found is not None


async def get_channel_by_slack_id(connection: Connection, *, organisation_id: UUID, slack_id: str) -> Channel:
    """Return the channel with an id of Slack's API, `C…`, `G…` or `D…`, without checking who can see it.

    Raises:
        ChannelNotFoundError: the organisation has no such channel.
    """
    channel = await store.channel_find_by_slack_id(connection, organisation_id=organisation_id, slack_id=slack_id)
    if channel is None:
        raise channel_not_found()
    return channel


async def get_channel_by_name(connection: Connection, *, organisation_id: UUID, name: str) -> Channel:
    """Return the channel of a name, without checking who can see it.

    Raises:
        ChannelNotFoundError: the organisation has no such channel.
    """
    channel = await store.channel_find_by_name(connection, organisation_id=organisation_id, name=name)
    if channel is None:
        raise channel_not_found()
    return channel


async def list_channels_by_ids(
    connection: Connection, *, organisation_id: UUID, channel_ids: Collection[UUID]
) -> list[Channel]:
    """Return several channels, without checking who can see them; those that don't exist are missing."""
    return await store.channel_list_by_ids(connection, organisation_id=organisation_id, channel_ids=channel_ids)


async def list_channels(
    connection: Connection,
    *,
    organisation_id: UUID,
    member: Member | None,
    is_in: bool = False,
    kinds: Sequence[ChannelKind] | None = None,
    has_archived: bool = False,
    after: UUID | None,
    limit: int,
) -> list[Channel]:
    """Return a page of the channels that a member can see, oldest first; None sees all. See `channel_list`."""
    return await store.channel_list(
        connection,
        organisation_id=organisation_id,
        member_id=None if member is None else member.member_id,
        is_in=is_in,
        kinds=kinds,
        has_archived=has_archived,
        after=after,
        limit=limit,
    )


async def count_members(connection: Connection, channel: Channel) -> int:
    """Return how many members a channel has."""
    return await store.membership_count(connection, channel_id=channel.channel_id)


async def count_members_of_all(connection: Connection, *, channel_ids: Collection[UUID]) -> Mapping[UUID, int]:
    """Return how many members several channels have; those without members are missing."""
    return await store.membership_count_of_all(connection, channel_ids=channel_ids)


async def list_memberships(
    connection: Connection, member: Member, *, channel_ids: Collection[UUID]
) -> Mapping[UUID, Membership]:
    """Return how a member is in several channels, by channel; those that it isn't in are missing."""
    found = await store.membership_list_of_member(connection, member_id=member.member_id, channel_ids=channel_ids)
    return {membership.channel_id: membership for membership in found}


async def join_channel(database: Database, notifier: Notifier, *, channel: Channel, member: Member) -> bool:
    """Join a public channel; return whether the member is new there.

    Raises:
        NotPossibleHereError: it isn't public, so that somebody has to invite the member.
        ChannelArchivedError: the channel is archived.
    """
    if channel.kind != "public":
        raise NotPossibleHereError("Only public channels can be joined.", remedy="Ask a member to invite you.")
    async with changing(database, notifier, channel) as change:
        change.require_open()
        return await add_member(change, member.member_id)


async def invite_members(
    database: Database, notifier: Notifier, *, channel: Channel, inviter: Member, members: Collection[Member]
) -> list[Member]:
    """Add members to a channel; return those who are new there.

    Raises:
        NotPossibleHereError: it is a conversation, whose members stay the same.
        NotInChannelError: the inviter isn't in the channel.
        ChannelArchivedError: the channel is archived.
    """
    _require_named(channel)
    async with changing(database, notifier, channel) as change:
        change.require_open()
        await get_membership(change.connection, channel, inviter.member_id)
        return [each for each in members if await add_member(change, each.member_id, inviter_id=inviter.member_id)]


async def leave_channel(database: Database, notifier: Notifier, *, channel: Channel, member: Member) -> bool:
    """Leave a channel; return whether the member was in it.

    Raises:
        NotPossibleHereError: it is `general` or a conversation.
    """
    _require_leavable(channel)
    async with changing(database, notifier, channel) as change:
        return await remove_member(change, member.member_id)


async def kick_member(
    database: Database, notifier: Notifier, *, channel: Channel, remover: Member, member: Member
) -> bool:
    """Take a member out of a channel; return whether it was in it.

    Raises:
        NotPossibleHereError: it is `general` or a conversation.
        NotInChannelError: who does it isn't in the channel.
    """
    _require_leavable(channel)
    async with changing(database, notifier, channel) as change:
        await get_membership(change.connection, channel, remover.member_id)
        return await remove_member(change, member.member_id, remover_id=remover.member_id)


async def set_archived(
    database: Database, notifier: Notifier, *, channel: Channel, member: Member, is_archived: bool
) -> Channel:
    """Archive a channel, so that nothing in it can change, or unarchive it. Nothing happens if it is so already.

    Raises:
        NotPossibleHereError: it is `general` or a conversation.
        NotInChannelError: the member isn't in the channel.
    """
    _require_leavable(channel)
    async with changing(database, notifier, channel) as change:
        await get_membership(change.connection, channel, member.member_id)
        if (change.channel.archived_at is not None) != is_archived:
            await change.append("channel_archived" if is_archived else "channel_unarchived", member_id=member.member_id)
            change.channel = msgspec.structs.replace(change.channel, archived_at=change.at if is_archived else None)
            await store.channel_update(change.connection, change.channel)
            await change.tell_organisation("channel_changed")
        return change.channel


async def change_channel(
    database: Database,
    notifier: Notifier,
    *,
    channel: Channel,
    member: Member,
    name: str | None = None,
    topic: str | None = None,
    purpose: str | None = None,
) -> Channel:
    """Rename a channel, or set its topic or its purpose; None keeps a value.

    Raises:
        InvalidChannelNameError: the name has other characters, or is too long.
        ChannelNameTakenError: the organisation has another channel of this name.
        NotPossibleHereError: it is a conversation, or `general` would be renamed.
        NotInChannelError: the member isn't in the channel.
        ChannelArchivedError: the channel is archived.
    """
    _require_named(channel)
    if name is not None:
        _check_name(name)
    async with changing(database, notifier, channel) as change:
        change.require_open()
        await get_membership(change.connection, channel, member.member_id)
        if name not in (None, change.channel.name):
            await _rename(change, member, str(name))
        if topic not in (None, change.channel.topic):
            await change.append("channel_topic", member_id=member.member_id, payload={"topic": topic})
            change.channel = msgspec.structs.replace(change.channel, topic=str(topic))
        if purpose not in (None, change.channel.purpose):
            await change.append("channel_purpose", member_id=member.member_id, payload={"purpose": purpose})
            change.channel = msgspec.structs.replace(change.channel, purpose=str(purpose))
        await store.channel_update(change.connection, change.channel)
        await change.tell_organisation("channel_changed")
        return change.channel


def _sorted_ids(opener: Member, others: Collection[Member]) -> list[UUID]:
    return sorted({opener.member_id, *[member.member_id for member in others]})


def _direct_key(member_ids: Collection[UUID]) -> str:
    return ",".join(str(member_id) for member_id in member_ids)


async def _rename(change: ChannelChange, member: Member, name: str) -> None:
    channel = change.channel
    if channel.is_general:
        raise GeneralChannelError("The channel that everybody is in keeps its name.", field="name")
    known = await store.channel_find_by_name(change.connection, organisation_id=channel.organisation_id, name=name)
    if known is not None:
        raise _name_taken(name)
    payload = {"name": name, "old_name": channel.name}
    await change.append("channel_renamed", member_id=member.member_id, payload=payload)
    change.channel = msgspec.structs.replace(change.channel, name=name)


def _shown_to_apps(channel: Channel, creator: Member) -> dict[str, Any]:
    return {
        "id": channel.slack_id,
        "name": channel.name,
        "created": int(channel.created_at.timestamp()),
        "creator": creator.slack_id,
    }


async def _lock(connection: Connection, channel: Channel) -> ChannelChange:
    return await lock_channel(connection, organisation_id=channel.organisation_id, channel_id=channel.channel_id)


def _require_named(channel: Channel) -> None:
    if channel.is_conversation:
        raise NotPossibleHereError("This is a conversation, not a channel.", field="channel_id")


def _require_leavable(channel: Channel) -> None:
    _require_named(channel)
    if channel.is_general:
        raise GeneralChannelError("Everybody is in this channel.", field="channel_id")


def _check_name(name: str) -> None:
    if CHANNEL_NAME.fullmatch(name) is None:
        raise InvalidChannelNameError(
            f"{name[:80]!r} can't be the name of a channel.",
            field="name",
            remedy="Use 1 to 80 lower-case letters without accents, digits, `_` and `-`.",
        )


def _name_taken(name: str) -> ChannelNameTakenError:
    return ChannelNameTakenError(f"There is a channel {name!r} already.", field="name", remedy="Choose another name.")
