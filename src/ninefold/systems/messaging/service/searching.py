"""Searches messages: only those that a member can see, latest first."""

from collections.abc import Collection, Sequence
from uuid import UUID

from ninefold.core.errors import InvalidInputError
from ninefold.core.postgres.database import Connection
from ninefold.systems.messaging.model import Found, Member, Message, SearchQuery
from ninefold.systems.messaging.rules.searches import find_highlights
from ninefold.systems.messaging.rules.timestamps import ts_us_of
from ninefold.systems.messaging.service.channels import can_see
from ninefold.systems.messaging.service.reading import add_details
from ninefold.systems.messaging.store import channels as channel_store
from ninefold.systems.messaging.store import messages as store
from ninefold.systems.messaging.store.members import member_list_by_names

_ME = "me"
_END_OF_TIME = 2**62


async def search_messages(
    connection: Connection,
    *,
    organisation_id: UUID,
    member: Member | None,
    query: SearchQuery,
    before: int | None,
    limit: int,
) -> list[Message]:
    """Return a page of the messages that match a query, latest first.

    Args:
        connection: any connection.
        organisation_id: where to search.
        member: who searches: only messages that it can see are found. None finds all.
        query: what to search for.
        before: the time of the last message of the page before, in µs.
        limit: how many.

    Raises:
        InvalidInputError: the query names a member or a channel that isn't there.
    """
    end = _END_OF_TIME if query.before is None else ts_us_of(query.before)
    return await store.message_search(
        connection,
        organisation_id=organisation_id,
        member_id=None if member is None else member.member_id,
        words=query.words,
        author_ids=await _find_authors(connection, organisation_id, member, query.authors),
        channel_ids=await _find_channels(connection, organisation_id, member, query.channels),
        has_file="file" in query.having,
        has_link="link" in query.having,
        has_pin="pin" in query.having,
        is_in_thread=query.is_in_thread,
        not_before=0 if query.not_before is None else ts_us_of(query.not_before),
        before=end if before is None else min(before, end),
        limit=limit,
    )


async def show_found(
    connection: Connection, messages: Sequence[Message], *, organisation_id: UUID, query: SearchQuery
) -> list[Found]:
    """Return messages that were found with what members have added, their channels, and what matches."""
    channels = await channel_store.channel_list_by_ids(
        connection, organisation_id=organisation_id, channel_ids={message.channel_id for message in messages}
    )
    details = {}
    for channel in channels:
        own = [message for message in messages if message.channel_id == channel.channel_id]
        for each in await add_details(connection, channel, own):
            details[channel.channel_id, each.message.sequence] = Found(
                each, channel, find_highlights(each.message.text, query.words)
            )
    return [details[message.channel_id, message.sequence] for message in messages]


async def _find_authors(
    connection: Connection, organisation_id: UUID, member: Member | None, names: Collection[str]
) -> list[UUID] | None:
    if not names:
        return None
    own = [member.member_id] if member is not None and _ME in names else []
    wanted = {name for name in names if name != _ME or not own}
    found = await member_list_by_names(connection, organisation_id=organisation_id, names=wanted)
    for name in wanted - {each.name for each in found}:
        raise InvalidInputError(f"There is no member {name[:80]!r}.", field="q", remedy="Correct the name after from:.")
    return [*own, *[each.member_id for each in found]]


async def _find_channels(
    connection: Connection, organisation_id: UUID, member: Member | None, names: Collection[str]
) -> list[UUID] | None:
    if not names:
        return None
    found = []
    for name in names:
        channel = await channel_store.channel_find_by_name(connection, organisation_id=organisation_id, name=name)
        if channel is None or not await can_see(connection, channel, member):
            raise InvalidInputError(
                f"There is no channel {name[:80]!r}.", field="q", remedy="Correct the name after in:."
            )
        found.append(channel.channel_id)
    return found
