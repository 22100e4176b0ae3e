"""`reactions.…`: emoji on messages."""

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar.types import ControllerRouterHandler

from ninefold.core.web.pagination import PagedList
from ninefold.systems.messaging.model import Channel, Reacted
from ninefold.systems.messaging.service.channels import get_channel
from ninefold.systems.messaging.service.reactions import add_reaction, list_reacted, remove_reaction
from ninefold.systems.messaging.service.reading import add_details, list_messages_by_sequences
from ninefold.systems.messaging.slack.arguments import Ts, read_limit, read_ts
from ninefold.systems.messaging.slack.calls import Answer, Call, Caller, Server, slack_method
from ninefold.systems.messaging.slack.errors import SlackError
from ninefold.systems.messaging.slack.objects import show_messages

ITEMS_MAX: Final = 1_000
ITEMS_DEFAULT: Final = 100

_reacted = PagedList("slack_reacted", Reacted)


class OneItem(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments that say which message; files can't have reactions."""

    channel: str | None = None
    timestamp: Ts | None = None


class OneReaction(OneItem, frozen=True, kw_only=True):
    """The arguments of `reactions.add` and `reactions.remove`."""

    name: str = ""


class ListReactions(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `reactions.list`."""

    user: str | None = None
    cursor: str | None = None
    limit: int | None = None


def reaction_routes(server: Server) -> list[ControllerRouterHandler]:
    """Return the routes."""
    return [
        slack_method(server, "reactions.add", OneReaction, add),
        slack_method(server, "reactions.remove", OneReaction, remove),
        slack_method(server, "reactions.get", OneItem, show),
        slack_method(server, "reactions.list", ListReactions, list_of_member),
    ]


async def add(call: Call, given: OneReaction) -> Answer:
    """Add an emoji to a message."""
    async with call.begin() as caller:
        channel, sequence = await find_item(caller, given)
    emoji = given.name.strip(":")
    is_new = await add_reaction(
        call.database, call.notifier, channel=channel, member=caller.member, sequence=sequence, emoji=emoji
    )
    if not is_new:
        raise SlackError("already_reacted", f"You have added {emoji} before.")
    return {}


async def remove(call: Call, given: OneReaction) -> Answer:
    """Remove an emoji that the member has added."""
    async with call.begin() as caller:
        channel, sequence = await find_item(caller, given)
    emoji = given.name.strip(":")
    was_there = await remove_reaction(
        call.database, call.notifier, channel=channel, member=caller.member, sequence=sequence, emoji=emoji
    )
    if not was_there:
        raise SlackError("no_reaction", f"You haven't added {emoji}.")
    return {}


async def show(call: Call, given: OneItem) -> Answer:
    """Show the emoji on a message."""
    async with call.begin() as caller:
        channel, sequence = await find_item(caller, given)
        items = await show_items(call, caller, channel, [sequence])
    return {"type": "message", **items[sequence]}


async def list_of_member(call: Call, given: ListReactions) -> Answer:
    """List the messages to which a member has added an emoji, the latest first."""
    query = _reacted.query(given.cursor, read_limit(given.limit, default=ITEMS_DEFAULT, limit_max=ITEMS_MAX))
    async with call.begin() as caller:
        member = caller.member if given.user is None else await caller.find_member(given.user)
        found = await list_reacted(
            caller.connection, member, viewer=caller.member, before=query.position, limit=query.rows_max
        )
        page = query.page(found, position_of=lambda each: each, show=lambda each: each)
        items = await _show_reacted(call, caller, page.items)
    return {"items": items, "response_metadata": {"next_cursor": page.next_cursor or ""}}


async def _show_reacted(call: Call, caller: Caller, reacted: Sequence[Reacted]) -> list[dict[str, Any]]:
    """Return messages in their order; those of one channel are read together."""
    by_channel: dict[UUID, list[int]] = {}
    for each in reacted:
        by_channel.setdefault(each.channel_id, []).append(each.sequence)
    items = {}
    for channel_id, sequences in by_channel.items():
        channel = await get_channel(
            caller.connection, organisation_id=caller.member.organisation_id, channel_id=channel_id
        )
        shown = await show_items(call, caller, channel, sequences)
        items.update({(channel_id, sequence): item for sequence, item in shown.items()})
    places = [(each.channel_id, each.sequence) for each in reacted]
    return [{"type": "message", **items[place]} for place in places if place in items]


async def find_item(caller: Caller, given: OneItem) -> tuple[Channel, int]:
    """Return the channel and the sequence of the message that the arguments name.

    Raises:
        SlackError: they don't name a message.
        ChannelNotFoundError: there is no such channel, or the member can't see it.
        MessageNotFoundError: there is no such message.
    """
    if given.channel is None or given.timestamp is None:
        raise SlackError("no_item_specified", "Say which message: `channel` and `timestamp`.")
    read_ts(given.timestamp, word="bad_timestamp")
    return await caller.find_message(given.channel, given.timestamp)


async def show_items(
    call: Call, caller: Caller, channel: Channel, sequences: Collection[int]
) -> dict[int, dict[str, Any]]:
    """Return messages with their channel and their permalinks, as lists of reactions and pins have them.

    Args:
        call: the call.
        caller: who sees the channel.
        channel: the channel.
        sequences: which messages; those that were deleted are missing.

    Returns:
        The items, by sequence.
    """
    found = await list_messages_by_sequences(caller.connection, channel, sequences)
    messages = [message for message in found.values() if message.deleted_at is None]
    details = await add_details(caller.connection, channel, messages)
    shown = await show_messages(caller.connection, channel, details, workspace=caller.workspace, base_url=call.base_url)
    return {
        message.sequence: {
            "channel": channel.slack_id,
            "message": {**each, "permalink": call.permalink(channel, message.sequence)},
        }
        for message, each in zip(messages, shown, strict=True)
    }
