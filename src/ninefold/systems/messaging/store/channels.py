"""Queries for channels, their members and their logs."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.messaging.model import Channel, ChannelEvent, ChannelKind, Membership, Unread
from ninefold.systems.messaging.store.queries import queries

_payload = msgspec.json.Decoder(dict[str, Any])


async def channel_append(connection: Connection, event: ChannelEvent) -> None:
    """Append an entry to the log of a channel that is locked.

    Args:
        connection: in the transaction that has locked it.
        event: the next one.
    """
    await queries.channel_append(
        connection,
        channel_id=event.channel_id,
        sequence=event.sequence,
        type=event.type,
        at=event.at,
        member_id=event.member_id,
        message_sequence=event.message_sequence,
        payload=msgspec.json.encode(event.payload).decode(),
    )


async def channel_find(connection: Connection, *, organisation_id: UUID, channel_id: UUID) -> Channel | None:
    """Read one channel of an organisation."""
    record = await queries.channel_find(connection, organisation_id=organisation_id, channel_id=channel_id)
    return _channel_or_none(record)


async def channel_find_by_direct_key(
    connection: Connection, *, organisation_id: UUID, direct_key: str
) -> Channel | None:
    """Read the conversation of certain members."""
    record = await queries.channel_find_by_direct_key(
        connection, organisation_id=organisation_id, direct_key=direct_key
    )
    return _channel_or_none(record)


async def channel_find_by_name(connection: Connection, *, organisation_id: UUID, name: str) -> Channel | None:
    """Read the channel of a name."""
    return _channel_or_none(await queries.channel_find_by_name(connection, organisation_id=organisation_id, name=name))


async def channel_find_by_slack_id(connection: Connection, *, organisation_id: UUID, slack_id: str) -> Channel | None:
    """Read the channel with an id of Slack's API."""
    record = await queries.channel_find_by_slack_id(connection, organisation_id=organisation_id, slack_id=slack_id)
    return _channel_or_none(record)


async def channel_find_general(connection: Connection, *, organisation_id: UUID) -> Channel | None:
    """Read the channel that everybody is in."""
    return _channel_or_none(await queries.channel_find_general(connection, organisation_id=organisation_id))


async def channel_insert(
    connection: Connection,
    *,
    channel_id: UUID,
    organisation_id: UUID,
    slack_id: str,
    kind: ChannelKind,
    name: str | None = None,
    topic: str = "",
    purpose: str = "",
    is_general: bool = False,
    direct_key: str | None = None,
    creator_id: UUID | None = None,
) -> Channel | None:
    """Insert a channel; return None if the organisation has one of this name or with these members."""
    record = await queries.channel_insert(
        connection,
        channel_id=channel_id,
        organisation_id=organisation_id,
        slack_id=slack_id,
        kind=kind,
        name=name,
        topic=topic,
        purpose=purpose,
        is_general=is_general,
        direct_key=direct_key,
        creator_id=creator_id,
    )
    return _channel_or_none(record)


async def channel_list(
    connection: Connection,
    *,
    organisation_id: UUID,
    member_id: UUID | None,
    is_in: bool,
    kinds: Collection[ChannelKind] | None,
    has_archived: bool,
    after: UUID | None,
    limit: int,
) -> list[Channel]:
    """Read a page of the channels of an organisation, oldest first.

    Args:
        connection: any connection.
        organisation_id: the organisation.
        member_id: only those that this member can see; None for all.
        is_in: only those that the member is in.
        kinds: only these kinds; None for all.
        has_archived: also archived ones.
        after: the last one of the page before.
        limit: how many.
    """
    records = queries.channel_list(
        connection,
        organisation_id=organisation_id,
        member_id=member_id,
        is_in=is_in,
        kinds=None if kinds is None else list(kinds),
        has_archived=has_archived,
        after=after,
        limit=limit,
    )
    return [Channel(**record) async for record in records]


async def channel_list_by_ids(
    connection: Connection, *, organisation_id: UUID, channel_ids: Collection[UUID]
) -> list[Channel]:
    """Read several channels of an organisation."""
    records = queries.channel_list_by_ids(connection, organisation_id=organisation_id, channel_ids=list(channel_ids))
    return [Channel(**record) async for record in records]


async def channel_list_positions(connection: Connection, *, channel_ids: Collection[UUID]) -> dict[UUID, int]:
    """Read the last sequences of several logs."""
    records = queries.channel_list_positions(connection, channel_ids=list(channel_ids))
    return {record["channel_id"]: record["last_sequence"] async for record in records}


async def channel_lock(
    connection: Connection, *, organisation_id: UUID, channel_id: UUID
) -> tuple[Channel, bool] | None:
    """Read one channel, and keep others from changing it until the transaction ends.

    Returns:
        The channel, and whether an app of the organisation is told what happens.
    """
    record = await queries.channel_lock(connection, organisation_id=organisation_id, channel_id=channel_id)
    if record is None:
        return None
    fields = dict(record)
    has_apps: bool = fields.pop("has_apps")
    return Channel(**fields), has_apps


async def channel_update(connection: Connection, channel: Channel) -> None:
    """Write the name, the topic, the purpose and the archiving of a channel that is locked."""
    await queries.channel_update(
        connection,
        channel_id=channel.channel_id,
        name=channel.name,
        topic=channel.topic,
        purpose=channel.purpose,
        archived_at=channel.archived_at,
    )


async def event_find_text_before(
    connection: Connection, *, channel_id: UUID, message_sequence: int, sequence: int
) -> ChannelEvent | None:
    """Read the entry with the text that a message had before an edit."""
    record = await queries.event_find_text_before(
        connection, channel_id=channel_id, message_sequence=message_sequence, sequence=sequence
    )
    return None if record is None else _event(record)


async def event_list(
    connection: Connection, *, cursors: Collection[tuple[UUID, int]], limit: int
) -> dict[UUID, list[ChannelEvent]]:
    """Read the next entries of several logs.

    Args:
        connection: any connection.
        cursors: pairs of a channel and the last sequence that is known; 0 for none.
        limit: how many of each log.
    """
    found: dict[UUID, list[ChannelEvent]] = {}
    records = queries.event_list(
        connection,
        channel_ids=[channel_id for channel_id, _ in cursors],
        after=[after for _, after in cursors],
        limit=limit,
    )
    async for record in records:
        event = _event(record)
        found.setdefault(event.channel_id, []).append(event)
    return found


async def event_update_blank(connection: Connection, *, channel_id: UUID, sequence: int) -> None:
    """Remove what a message has said from the log."""
    await queries.event_update_blank(connection, channel_id=channel_id, sequence=sequence)


async def membership_count(connection: Connection, *, channel_id: UUID) -> int:
    """Count the members of a channel."""
    count: int = await queries.membership_count(connection, channel_id=channel_id)
    return count


async def membership_count_of_all(connection: Connection, *, channel_ids: Collection[UUID]) -> dict[UUID, int]:
    """Count the members of several channels; those without members are missing."""
    records = queries.membership_count_of_all(connection, channel_ids=list(channel_ids))
    return {record["channel_id"]: record["members"] async for record in records}


async def membership_find(connection: Connection, *, channel_id: UUID, member_id: UUID) -> Membership | None:
    """Read how a member is in a channel; None if it isn't."""
    record = await queries.membership_find(connection, channel_id=channel_id, member_id=member_id)
    return None if record is None else Membership(**record)


async def membership_list_current(connection: Connection, *, member_id: UUID) -> list[tuple[Membership, int]]:
    """Read how a member is in its channels, each with the last sequence of its log."""
    found = []
    async for record in queries.membership_list_current(connection, member_id=member_id):
        fields = dict(record)
        last_sequence: int = fields.pop("last_sequence")
        found.append((Membership(**fields), last_sequence))
    return found


async def membership_list_ids(
    connection: Connection, *, channel_id: UUID, active_since: datetime | None = None
) -> list[UUID]:
    """Read the ids of a channel's members; with a time, only of those who were seen since and aren't away."""
    records = queries.membership_list_ids(connection, channel_id=channel_id, active_since=active_since)
    return [record["member_id"] async for record in records]


async def membership_list_of_member(
    connection: Connection, *, member_id: UUID, channel_ids: Collection[UUID]
) -> list[Membership]:
    """Read how a member is in several channels; those that it isn't in are missing."""
    records = queries.membership_list_of_member(connection, member_id=member_id, channel_ids=list(channel_ids))
    return [Membership(**record) async for record in records]


async def membership_list_readers(
    connection: Connection, *, channel_id: UUID, sequence: int, author_id: UUID, limit: int
) -> list[UUID]:
    """Read who has read a message: without its author, and without who has joined after it."""
    records = queries.membership_list_readers(
        connection, channel_id=channel_id, sequence=sequence, author_id=author_id, limit=limit
    )
    return [record["member_id"] async for record in records]


async def membership_list_unread(
    connection: Connection, *, member_id: UUID, channel_id: UUID | None, limit: int
) -> list[Unread]:
    """Count what a member hasn't read in its channels or in one of them, up to a limit for each."""
    records = queries.membership_list_unread(connection, member_id=member_id, channel_id=channel_id, limit=limit)
    return [
        Unread(
            channel_id=record["channel_id"],
            last_sequence=record["last_sequence"],
            read_sequence=record["read_sequence"],
            is_muted=record["is_muted"],
            unread=record["messages"],
            mentions=record["mentions"],
        )
        async for record in records
    ]


async def membership_update_left(
    connection: Connection, *, channel_id: UUID, member_id: UUID, left_at: datetime
) -> None:
    """Write that a member has left a channel."""
    await queries.membership_update_left(connection, channel_id=channel_id, member_id=member_id, left_at=left_at)


async def membership_update_muted(
    connection: Connection, *, channel_id: UUID, member_id: UUID, is_muted: bool
) -> Membership | None:
    """Write whether a member has muted a channel; return None if it isn't in the channel."""
    record = await queries.membership_update_muted(
        connection, channel_id=channel_id, member_id=member_id, is_muted=is_muted
    )
    return None if record is None else Membership(**record)


async def membership_update_read(
    connection: Connection, *, channel_id: UUID, member_id: UUID, read_sequence: int
) -> bool:
    """Write how far a member has read; return whether that is further than before."""
    record = await queries.membership_update_read(
        connection, channel_id=channel_id, member_id=member_id, read_sequence=read_sequence
    )
    return record is not None


async def membership_upsert(
    connection: Connection, *, channel_id: UUID, member_id: UUID, joined_at: datetime, joined_sequence: int
) -> None:
    """Write that a member is in a channel, and has read it up to its entry."""
    await queries.membership_upsert(
        connection,
        channel_id=channel_id,
        member_id=member_id,
        joined_at=joined_at,
        joined_sequence=joined_sequence,
    )


def _channel_or_none(record: Any) -> Channel | None:
    return None if record is None else Channel(**record)


def _event(record: Any) -> ChannelEvent:
    return ChannelEvent(**{**record, "payload": _payload.decode(record["payload"])})
