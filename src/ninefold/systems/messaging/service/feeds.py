"""The live feeds: the log of a channel, and what concerns a member or the organisation."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from ninefold.core.ids import InvalidIdError, format_id, parse_id
from ninefold.core.live import Channel as LiveChannel
from ninefold.core.live import Cursor, Entry, Feed, Position
from ninefold.core.live.watched_log import watched_feed
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.tenancy.model import ORGANISATION_PREFIX, Principal
from ninefold.systems.messaging.errors import MemberRequiredError
from ninefold.systems.messaging.model import CHANNEL_PREFIX, MEMBER_PREFIX, WRITE_MESSAGES, ChannelEvent
from ninefold.systems.messaging.service.channels import can_see
from ninefold.systems.messaging.service.members import find_known_member, list_deactivated
from ninefold.systems.messaging.service.notifying import CHANNEL_PATTERN, MEMBER_PATTERN, ORGANISATION_PATTERN
from ninefold.systems.messaging.service.presence import record_connected
from ninefold.systems.messaging.store import channels as store
from ninefold.systems.messaging.store.members import member_find


def messaging_feeds(database: Database) -> Sequence[Feed]:
    """Return the feeds."""

    async def publish(principal: Principal, channel: LiveChannel, data: bytes) -> bytes:
        """Show the readers of a channel that somebody is typing; what the client sends doesn't matter."""
        del channel, data
        async with database.connection() as connection:
            member = await find_known_member(connection, principal)
        if member is None:
            raise MemberRequiredError("An API key doesn't type.", remedy="Publish with a token of a member.")
        return msgspec.json.encode({"type": "typing", "member_id": format_id(MEMBER_PREFIX, member.member_id)})

    return (
        Feed(
            pattern=CHANNEL_PATTERN,
            may_read=_may_read_channel,
            read_positions=_read_positions,
            read_after=_read_after,
            publish=publish,
            has_presence=True,
            also_scope=WRITE_MESSAGES,
            list_refused=list_deactivated,
            can_end_access=True,
        ),
        _member_feed(),
        msgspec.structs.replace(
            watched_feed(pattern=ORGANISATION_PATTERN, may_read=_may_read_organisation, also_scope=WRITE_MESSAGES),
            list_refused=list_deactivated,
        ),
    )


def _member_feed() -> Feed:
    """Return the feed of what concerns a member alone. While one of its devices reads it, the member is there."""
    feed = watched_feed(pattern=MEMBER_PATTERN, may_read=_may_read_member, also_scope=WRITE_MESSAGES)
    watch_log = feed.watch
    assert watch_log is not None, "that is what such a log needs"

    async def watch(connection: Connection, channels: Sequence[LiveChannel]) -> None:
        await watch_log(connection, channels)
        member_ids = [member_id for channel in channels if (member_id := _member_in(channel)) is not None]
        await record_connected(connection, member_ids)

    return msgspec.structs.replace(feed, watch=watch, list_refused=list_deactivated)


def _member_in(channel: LiveChannel) -> UUID | None:
    try:
        return parse_id(MEMBER_PREFIX, channel["member_id"])
    except InvalidIdError:
        return None


def _channel_in(channel: LiveChannel) -> UUID | None:
    try:
        return parse_id(CHANNEL_PREFIX, channel["channel_id"])
    except InvalidIdError:
        return None


async def _may_read_channel(connection: Connection, principal: Principal, channel: LiveChannel) -> bool:
    channel_id = _channel_in(channel)
    if channel_id is None:
        return False
    found = await store.channel_find(connection, organisation_id=principal.organisation_id, channel_id=channel_id)
    if found is None:
        return False
    member = await find_known_member(connection, principal)
    if member is None and _is_personal(principal):
        return found.kind == "public"
    return (member is None or not member.is_deactivated) and await can_see(connection, found, member)


async def _may_read_member(connection: Connection, principal: Principal, channel: LiveChannel) -> bool:
    member_id = _member_in(channel)
    if member_id is None:
        return False
    if _is_personal(principal):
        own = await find_known_member(connection, principal)
        return own is not None and own.member_id == member_id and not own.is_deactivated
    return await member_find(connection, organisation_id=principal.organisation_id, member_id=member_id) is not None


async def _may_read_organisation(connection: Connection, principal: Principal, channel: LiveChannel) -> bool:
    member = await find_known_member(connection, principal)
    if member is not None and member.is_deactivated:
        return False
    return channel["organisation_id"] == format_id(ORGANISATION_PREFIX, principal.organisation_id)


async def _read_positions(connection: Connection, channels: Sequence[LiveChannel]) -> Mapping[str, Position]:
    names = {channel_id: channel.name for channel in channels if (channel_id := _channel_in(channel))}
    positions = await store.channel_list_positions(connection, channel_ids=names)
    return {names[channel_id]: Position(offset=sequence) for channel_id, sequence in positions.items()}


async def _read_after(connection: Connection, cursors: Sequence[Cursor], limit: int) -> Mapping[str, Sequence[Entry]]:
    names = {channel_id: cursor for cursor in cursors if (channel_id := _channel_in(cursor.channel)) is not None}
    found = await store.event_list(
        connection, cursors=[(channel_id, cursor.offset) for channel_id, cursor in names.items()], limit=limit
    )
    return {names[channel_id].channel.name: [_entry(event) for event in events] for channel_id, events in found.items()}


def _entry(event: ChannelEvent) -> Entry:
    return Entry(event.sequence, event.encode(), ends_access=event.payload.get("ends_access", False))


def _is_personal(principal: Principal) -> bool:
    """Return whether a principal is a member's token or a person, who sees only what that member sees."""
    return WRITE_MESSAGES in principal.scopes or principal.account_id is not None
