"""Searches messages: only those that a member can see, latest first."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from ninefold.core.errors import InvalidInputError
from ninefold.core.postgres.database import Connection
from ninefold.systems.messaging.model import Found, Member, Message, SearchQuery
from ninefold.systems.messaging.rules.search_parts import BLOCK_BITS, block_term, conditions_of, parts_of
from ninefold.systems.messaging.rules.searches import find_highlights
from ninefold.systems.messaging.rules.timestamps import time_of_ts, ts_us_of
from ninefold.systems.messaging.service.channels import can_see, list_channels_by_ids
from ninefold.systems.messaging.service.reading import add_details
from ninefold.systems.messaging.store import channels as channel_store
from ninefold.systems.messaging.store import messages as store
from ninefold.systems.messaging.store.members import member_list_by_names

CLOCK_DIFFERENCE_MAX: Final = timedelta(minutes=5)
"""Servers' clocks can differ."""

_ME: Final = "me"
_END_OF_TIME: Final = 2**62


class SearchResult(NamedTuple):
    """What was found, the latest first."""

    found: list[tuple[int, Message]]
    """Messages, each with its ordinal."""
    stopped_at: int | None
    """The ordinal from which the search goes on, if it has looked at its maximum of messages before."""


async def search_messages(
    connection: Connection,
    *,
    organisation_id: UUID,
    member: Member | None,
    query: SearchQuery,
    before: int | None,
    limit: int,
) -> SearchResult:
    """Return a page of the messages that match a query, latest first.

    Args:
        connection: any connection.
        organisation_id: where to search.
        member: who searches: only messages that it can see are found. None finds all.
        query: what to search for.
        before: the ordinal of the last message of the page before.
        limit: how many.

    Raises:
        InvalidInputError: the query names a member or a channel that isn't there.
    """
    authors = await _find_authors(connection, organisation_id, member, query.authors)
    channels = await _find_channels(connection, organisation_id, member, query.channels)
    first, last = await _find_ends(connection, organisation_id, channels, query)
    if before is not None:
        last = min(last, before - 1)
    marks = [mark for mark in ("file", "link") if mark in query.having] + ["thread"] * query.is_in_thread
    conditions = conditions_of(authors=authors, channels=channels, marks=marks)
    given: Any = {
        "organisation_id": organisation_id,
        "member_id": None if member is None else member.member_id,
        "words": query.words,
        "not_before": 0 if query.not_before is None else ts_us_of(query.not_before),
        "before": _END_OF_TIME if query.before is None else ts_us_of(query.before),
        "limit": limit,
    }
    if "pin" in query.having:
        terms = " & ".join(conditions)
        found = await store.message_search_pinned(connection, terms=terms, first=first, last=last, **given)
        return SearchResult(found, None)
    parts = [
        part._replace(terms=" & ".join([part.terms, *conditions]))
        for part in parts_of(organisation_id, first=first, last=last)
    ]
    found = await store.message_search(connection, parts=parts, **given) if parts else []
    is_complete = len(found) == limit or not parts or parts[-1].first <= first
    return SearchResult(found, None if is_complete else parts[-1].first)


async def find_time_of(connection: Connection, *, organisation_id: UUID, ordinal: int) -> datetime:
    """Return about when an organisation's messages had come to an ordinal."""
    for bits in BLOCK_BITS:
        term = block_term(organisation_id, bits=bits, block=ordinal >> bits)
        ts_us = await store.message_find_first_time(connection, term=term)
        if ts_us is not None:
            return time_of_ts(ts_us)
    return time_of_ts(0)


async def show_found(
    connection: Connection, messages: Sequence[Message], *, organisation_id: UUID, query: SearchQuery
) -> list[Found]:
    """Return messages that were found with what members have added, their channels, and what matches."""
    channels = await list_channels_by_ids(
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


async def _find_ends(
    connection: Connection, organisation_id: UUID, channels: Collection[UUID] | None, query: SearchQuery
) -> tuple[int, int]:
    """Return the first and the last ordinal between which a message can be."""

    async def ordinal_at(time: datetime) -> int:
        return await store.message_ordinal_at(
            connection, organisation_id=organisation_id, channel_ids=channels, ts_us=ts_us_of(time)
        )

    # Messages of other channels can have been committed at the same time in another order.
    first = 1 if query.not_before is None else await ordinal_at(query.not_before - CLOCK_DIFFERENCE_MAX)
    if query.before is None:
        return first, await store.message_last_ordinal(connection)
    return first, await ordinal_at(query.before)


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
