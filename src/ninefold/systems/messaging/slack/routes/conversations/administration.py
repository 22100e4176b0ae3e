"""`conversations.{create,open,archive,unarchive,rename,setTopic,setPurpose}`: making and changing channels."""

from typing import Any, Final

import msgspec
from litestar.types import ControllerRouterHandler

from ninefold.systems.messaging.model import Channel, Member
from ninefold.systems.messaging.rules.limits import CHANNEL_NAME, GROUP_MEMBERS_MAX, TOPIC_LENGTH_MAX
from ninefold.systems.messaging.service.channels import (
    change_channel,
    create_channel,
    find_conversation,
    open_conversation,
    set_archived,
)
from ninefold.systems.messaging.slack.arguments import split_list
from ninefold.systems.messaging.slack.calls import Answer, Call, Caller, OneChannel, Server, slack_method
from ninefold.systems.messaging.slack.channel_objects import show_channel
from ninefold.systems.messaging.slack.errors import SlackError

_NAME_LENGTH_MAX: Final = 80


class CreateChannel(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `conversations.create`."""

    name: str = ""
    is_private: bool = False


class OpenConversation(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `conversations.open`."""

    channel: str | None = None
    users: tuple[str, ...] = ()
    return_im: bool = False
    prevent_creation: bool = False


class RenameChannel(OneChannel, frozen=True, kw_only=True):
    """The arguments of `conversations.rename`."""

    name: str = ""


class SetTopic(OneChannel, frozen=True, kw_only=True):
    """The arguments of `conversations.setTopic`."""

    topic: str


class SetPurpose(OneChannel, frozen=True, kw_only=True):
    """The arguments of `conversations.setPurpose`."""

    purpose: str


def administration_routes(server: Server) -> list[ControllerRouterHandler]:
    """Return the routes."""
    return [
        slack_method(server, "conversations.create", CreateChannel, create),
        slack_method(server, "conversations.open", OpenConversation, open_),
        slack_method(server, "conversations.archive", OneChannel, archive),
        slack_method(server, "conversations.unarchive", OneChannel, unarchive),
        slack_method(server, "conversations.rename", RenameChannel, rename),
        slack_method(server, "conversations.setTopic", SetTopic, set_topic),
        slack_method(server, "conversations.setPurpose", SetPurpose, set_purpose),
    ]


async def create(call: Call, given: CreateChannel) -> Answer:
    """Create a channel, which its creator is in."""
    _check_name(given.name)
    async with call.begin() as caller:
        caller.require_scope("private" if given.is_private else "public")
    channel = await create_channel(
        call.database, call.notifier, creator=caller.member, name=given.name, is_private=given.is_private
    )
    return {"channel": await _show(call, caller, channel)}


async def open_(call: Call, given: OpenConversation) -> Answer:
    """Open a direct or group conversation, or find the one that there is."""
    async with call.begin() as caller:
        if given.channel is not None:
            channel, is_new = await caller.find_channel(given.channel), False
            if not channel.is_conversation:
                raise SlackError("method_not_supported_for_channel_type", "This is a channel, not a conversation.")
            others = None
        else:
            others = await _find_others(caller, split_list(given.users))
            if given.prevent_creation and await find_conversation(caller.connection, caller.member, others) is None:
                return {"channel": None, "no_op": True}
    if others is not None:
        channel, is_new = await open_conversation(call.database, call.notifier, opener=caller.member, others=others)
    known = {} if is_new else {"no_op": True, "already_open": True}
    if not given.return_im:
        return {**known, "channel": {"id": channel.slack_id}}
    return {**known, "channel": await _show(call, caller, channel)}


async def archive(call: Call, given: OneChannel) -> Answer:
    """Archive a channel, so that nothing in it can change."""
    async with call.begin() as caller:
        channel = await caller.find_channel(given.channel)
    if channel.archived_at is not None:
        raise SlackError("already_archived", "The channel is archived.")
    await set_archived(call.database, call.notifier, channel=channel, member=caller.member, is_archived=True)
    return {}


async def unarchive(call: Call, given: OneChannel) -> Answer:
    """Unarchive a channel."""
    async with call.begin() as caller:
        channel = await caller.find_channel(given.channel)
    if channel.archived_at is None:
        raise SlackError("not_archived", "The channel isn't archived.")
    await set_archived(call.database, call.notifier, channel=channel, member=caller.member, is_archived=False)
    return {}


async def rename(call: Call, given: RenameChannel) -> Answer:
    """Rename a channel."""
    _check_name(given.name)
    return await _change(call, given.channel, name=given.name)


async def set_topic(call: Call, given: SetTopic) -> Answer:
    """Set the topic of a channel; an empty one removes it."""
    _check_length(given.topic)
    answer = await _change(call, given.channel, topic=given.topic)
    return {**answer, "topic": given.topic}


async def set_purpose(call: Call, given: SetPurpose) -> Answer:
    """Set the purpose of a channel; an empty one removes it."""
    _check_length(given.purpose)
    answer = await _change(call, given.channel, purpose=given.purpose)
    return {**answer, "purpose": given.purpose}


async def _change(call: Call, channel: str, **changes: str) -> Answer:
    async with call.begin() as caller:
        found = await caller.find_channel(channel)
    changed = await change_channel(call.database, call.notifier, channel=found, member=caller.member, **changes)
    return {"channel": await _show(call, caller, changed)}


async def _find_others(caller: Caller, users: list[str]) -> list[Member]:
    if not users:
        raise SlackError("users_list_not_supplied", "Say with whom: `users`.")
    if len(users) >= GROUP_MEMBERS_MAX:
        raise SlackError("too_many_users", f"A conversation has at most {GROUP_MEMBERS_MAX} members.")
    others = [await caller.find_active_member(user) for user in users]
    caller.require_scope("direct" if len(others) == 1 else "group")
    return others


async def _show(call: Call, caller: Caller, channel: Channel) -> dict[str, Any]:
    async with call.database.snapshot() as connection:
        return await show_channel(connection, channel, viewer=caller.member, workspace=caller.workspace)


def _check_name(name: str) -> None:
    """Check the name of a channel.

    Raises:
        SlackError: it can't be one; with Slack's word for what is wrong.
    """
    if not name.strip():
        raise SlackError("invalid_name_required", "Say what the channel is called: `name`.")
    if len(name) > _NAME_LENGTH_MAX:
        raise SlackError("invalid_name_maxlength", f"Use at most {_NAME_LENGTH_MAX} characters.")
    if not any(each.isalnum() for each in name):
        raise SlackError("invalid_name_punctuation", "A name can't have only punctuation.")
    if CHANNEL_NAME.fullmatch(name) is None:
        raise SlackError("invalid_name_specials", "Use lower-case letters without accents, digits, `_` and `-`.")


def _check_length(text: str) -> None:
    if len(text) > TOPIC_LENGTH_MAX:
        raise SlackError("too_long", f"Use at most {TOPIC_LENGTH_MAX} characters.")
