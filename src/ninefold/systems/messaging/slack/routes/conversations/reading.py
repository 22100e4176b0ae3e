"""`conversations.{list,info,history,replies,mark}`: which channels there are, and what was written there."""

from typing import Any, Final
from uuid import UUID

import msgspec
from litestar.types import ControllerRouterHandler

from ninefold.core.postgres.database import Connection
from ninefold.core.web.pagination import PagedList
from ninefold.systems.messaging.model import Channel
from ninefold.systems.messaging.service.channels import list_channels
from ninefold.systems.messaging.service.reading import (
    add_details,
    find_sequence_at,
    get_thread_by_ts,
    list_before,
    list_replies,
    mark_read,
)
from ninefold.systems.messaging.slack.arguments import Ts, read_limit, read_ts
from ninefold.systems.messaging.slack.calls import Answer, Call, OneChannel, Server, slack_method
from ninefold.systems.messaging.slack.channel_objects import show_channel, show_channels
from ninefold.systems.messaging.slack.channel_types import read_types
from ninefold.systems.messaging.slack.objects import show_messages

CHANNELS_MAX: Final = 1_000
MESSAGES_MAX: Final = 999
REPLIES_MAX: Final = 1_000
LIMIT_DEFAULT: Final = 100

_channels = PagedList("slack_channels", UUID)
_history = PagedList("slack_history", int)
_replies = PagedList("slack_replies", int)


class ListChannels(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `conversations.list`."""

    types: tuple[str, ...] = ()
    exclude_archived: bool = False
    cursor: str | None = None
    limit: int | None = None


class ChannelInfo(OneChannel, frozen=True, kw_only=True):
    """The arguments of `conversations.info`."""

    include_num_members: bool = False


class History(OneChannel, frozen=True, kw_only=True):
    """The arguments of `conversations.history`."""

    cursor: str | None = None
    latest: Ts | None = None
    oldest: Ts | None = None
    inclusive: bool = False
    limit: int | None = None


class Replies(History, frozen=True, kw_only=True):
    """The arguments of `conversations.replies`."""

    ts: Ts


class Mark(OneChannel, frozen=True, kw_only=True):
    """The arguments of `conversations.mark`."""

    ts: Ts


def reading_routes(server: Server) -> list[ControllerRouterHandler]:
    """Return the routes."""
    return [
        slack_method(server, "conversations.list", ListChannels, list_all),
        slack_method(server, "conversations.info", ChannelInfo, show_info),
        slack_method(server, "conversations.history", History, list_history),
        slack_method(server, "conversations.replies", Replies, list_thread),
        slack_method(server, "conversations.mark", Mark, mark),
    ]


async def list_all(call: Call, given: ListChannels) -> Answer:
    """List the channels that the member can see, oldest first: public ones, and those that it is in."""
    limit = read_limit(given.limit, default=LIMIT_DEFAULT, limit_max=CHANNELS_MAX)
    query = _channels.query(given.cursor, limit)
    async with call.begin() as caller:
        kinds = read_types(given.types, caller)
        found = await list_channels(
            caller.connection,
            organisation_id=caller.member.organisation_id,
            member=caller.member,
            kinds=kinds,
            has_archived=not given.exclude_archived,
            after=query.position,
            limit=query.rows_max,
        )
        page = query.page(found, position_of=lambda each: each.channel_id, show=lambda each: each)
        shown = await show_channels(
            caller.connection, page.items, viewer=caller.member, workspace=caller.workspace, has_counts=True
        )
    return {"channels": shown, "response_metadata": {"next_cursor": page.next_cursor or ""}}


async def show_info(call: Call, given: ChannelInfo) -> Answer:
    """Show a channel."""
    async with call.begin() as caller:
        channel = await caller.find_channel(given.channel)
        shown = await show_channel(
            caller.connection,
            channel,
            viewer=caller.member,
            workspace=caller.workspace,
            has_count=given.include_num_members,
        )
    return {"channel": shown}


async def list_history(call: Call, given: History) -> Answer:
    """List the messages of a channel, latest first."""
    limit = min(read_limit(given.limit, default=LIMIT_DEFAULT, limit_max=CHANNELS_MAX), MESSAGES_MAX)
    async with call.begin() as caller:
        channel = await caller.find_channel(given.channel)
        end = await _find_end(caller.connection, channel, given)
        if given.cursor is not None:
            end = _history.decode(given.cursor)
        first = await _find_first(caller.connection, channel, given)
        window = await list_before(caller.connection, channel, before=end, limit=limit)
        within = [message for message in window.messages if message.sequence >= first]
        details = await add_details(caller.connection, channel, within)
        shown = await show_messages(
            caller.connection, channel, details, workspace=caller.workspace, base_url=call.base_url
        )
    has_more = window.has_earlier and bool(within) and len(within) == len(window.messages)
    return {
        "messages": shown[::-1],
        "has_more": has_more,
        "pin_count": sum(each.is_pinned for each in details),
        "response_metadata": {"next_cursor": _history.encode(within[0].sequence) if has_more else ""},
    }


async def list_thread(call: Call, given: Replies) -> Answer:
    """List a thread, oldest first: the message that begins it, and the replies. `ts` can be that of a reply."""
    limit = read_limit(given.limit, default=REPLIES_MAX, limit_max=REPLIES_MAX)
    ts_us = read_ts(given.ts, word="thread_not_found")
    async with call.begin() as caller:
        channel = await caller.find_channel(given.channel)
        root = await get_thread_by_ts(caller.connection, channel, ts_us)
        after = max(await _find_first(caller.connection, channel, given) - 1, root.sequence)
        if given.cursor is not None:
            after = _replies.decode(given.cursor)
        end = await _find_end(caller.connection, channel, given)
        window = await list_replies(caller.connection, channel, thread_sequence=root.sequence, after=after, limit=limit)
        replies = [message for message in window.messages if end is None or message.sequence < end]
        listed = [root, *replies] if given.cursor is None else replies
        details = await add_details(caller.connection, channel, listed)
        shown = await show_messages(
            caller.connection, channel, details, workspace=caller.workspace, base_url=call.base_url
        )
    has_more = window.has_later and len(replies) == len(window.messages)
    answer: dict[str, Any] = {"messages": shown, "has_more": has_more}
    if has_more:
        answer["response_metadata"] = {"next_cursor": _replies.encode(replies[-1].sequence)}
    return answer


async def mark(call: Call, given: Mark) -> Answer:
    """Note that the member has read a channel up to a message."""
    ts_us = read_ts(given.ts, word="invalid_timestamp")
    async with call.begin() as caller:
        channel = await caller.find_channel(given.channel)
        sequence = await find_sequence_at(caller.connection, channel, ts_us)
    await mark_read(call.database, call.notifier, channel=channel, member=caller.member, sequence=sequence)
    return {}


async def _find_end(connection: Connection, channel: Channel, given: History) -> int | None:
    """Return the sequence before which messages are shown; None for the latest ones."""
    if given.latest is None:
        return None
    ts_us = read_ts(given.latest, word="invalid_ts_latest")
    return await find_sequence_at(connection, channel, ts_us - (not given.inclusive)) + 1


async def _find_first(connection: Connection, channel: Channel, given: History) -> int:
    """Return the sequence from which on messages are shown."""
    if given.oldest is None:
        return 0
    ts_us = read_ts(given.oldest, word="invalid_ts_oldest")
    return await find_sequence_at(connection, channel, ts_us - given.inclusive) + 1
