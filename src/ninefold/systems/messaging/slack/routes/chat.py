"""`chat.…`: posting, editing and deleting messages."""

from typing import Any, NamedTuple

import msgspec
from litestar.types import ControllerRouterHandler

from ninefold.systems.messaging.model import Channel, NewMessage
from ninefold.systems.messaging.rules.attachments import (
    ATTACHMENTS_MAX,
    blocks_of,
    fallback_of,
    read_attachments,
)
from ninefold.systems.messaging.rules.timestamps import format_ts
from ninefold.systems.messaging.service.apps.ephemeral import post_ephemeral
from ninefold.systems.messaging.service.channels import list_memberships, open_conversation
from ninefold.systems.messaging.service.reading import get_thread_by_ts
from ninefold.systems.messaging.service.sending import delete_message, edit_message, get_message, post_message
from ninefold.systems.messaging.slack.arguments import Ts, read_ts
from ninefold.systems.messaging.slack.calls import (
    MESSAGE_BODY_SIZE_MAX,
    Answer,
    Call,
    Caller,
    Server,
    slack_method,
)
from ninefold.systems.messaging.slack.errors import MissingTextError, SlackError
from ninefold.systems.messaging.slack.objects import show_message


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments that say something.

    `parse`, `mrkdwn`, `unfurl_…`, `metadata`, `username` and `icon_…` have no effect.
    """

    text: str = ""
    markdown_text: str = ""
    blocks: list[Any] | None = None
    attachments: list[Any] | None = None
    link_names: bool = False

    def read(self) -> "Said":
        """Return the text and the blocks, whichever arguments have them.

        Raises:
            SlackError: arguments contradict each other, or an attachment isn't valid.
        """
        if self.markdown_text and (self.text or self.blocks):
            raise SlackError("markdown_text_conflict", "Send either markdown_text, or text and blocks.")
        text = self.text or self.markdown_text
        if not self.attachments:
            return Said(text, self.blocks)
        try:
            attachments = read_attachments(self.attachments)
        except ValueError as error:
            word = "too_many_attachments" if len(self.attachments) > ATTACHMENTS_MAX else "invalid_attachments"
            raise SlackError(word, f"attachments: {error}") from error
        shown = blocks_of(attachments, text="" if self.blocks else text)
        return Said(text or fallback_of(attachments), [*(self.blocks or ()), *shown])


class Said(NamedTuple):
    """What a message says."""

    text: str
    blocks: list[Any] | None

    def require(self) -> None:
        """Check that it says something.

        Raises:
            MissingTextError: it doesn't.
        """
        if not self.text.strip() and not self.blocks:
            raise MissingTextError


class PostMessage(Content, frozen=True, kw_only=True):
    """The arguments of `chat.postMessage`."""

    channel: str
    thread_ts: Ts | None = None
    reply_broadcast: bool = False
    client_msg_id: str | None = None


class PostEphemeral(Content, frozen=True, kw_only=True):
    """The arguments of `chat.postEphemeral`."""

    channel: str
    user: str
    thread_ts: Ts | None = None


class UpdateMessage(Content, frozen=True, kw_only=True):
    """The arguments of `chat.update`."""

    channel: str
    ts: Ts


class OneMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `chat.delete`."""

    channel: str
    ts: Ts


class GetPermalink(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `chat.getPermalink`."""

    channel: str
    message_ts: Ts


class MeMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `chat.meMessage`."""

    channel: str
    text: str = ""


def chat_routes(server: Server) -> list[ControllerRouterHandler]:
    """Return the routes."""
    return [
        slack_method(server, "chat.postMessage", PostMessage, post, body_size_max=MESSAGE_BODY_SIZE_MAX),
        slack_method(server, "chat.postEphemeral", PostEphemeral, post_to_one, body_size_max=MESSAGE_BODY_SIZE_MAX),
        slack_method(server, "chat.meMessage", MeMessage, post_about_me, body_size_max=MESSAGE_BODY_SIZE_MAX),
        slack_method(server, "chat.update", UpdateMessage, update, body_size_max=MESSAGE_BODY_SIZE_MAX),
        slack_method(server, "chat.delete", OneMessage, delete),
        slack_method(server, "chat.getPermalink", GetPermalink, show_permalink),
    ]


async def post(call: Call, given: PostMessage) -> Answer:
    """Post a message; with the id of a member as the channel, in the conversation with it."""
    said = given.read()
    said.require()
    channel, caller = await _find_place(call, given.channel, given.client_msg_id)
    thread_sequence = await _find_thread(call, channel, given.thread_ts)
    posted = await post_message(
        call.database,
        call.notifier,
        channel=channel,
        member=caller.member,
        message=NewMessage(
            text=said.text,
            blocks=said.blocks,
            client_msg_id=given.client_msg_id,
            thread_sequence=thread_sequence,
            is_broadcast=given.reply_broadcast and thread_sequence is not None,
            has_names=given.link_names,
        ),
    )
    shown = show_message(
        posted.message, author=caller.member, team_id=caller.workspace.slack_id, thread_ts=given.thread_ts
    )
    return {"channel": channel.slack_id, "ts": shown["ts"], "message": shown}


async def post_to_one(call: Call, given: PostEphemeral) -> Answer:
    """Show a message to one member of a channel."""
    said = given.read()
    said.require()
    async with call.begin() as caller:
        channel = await caller.find_channel(given.channel)
        viewer = await caller.find_member(given.user)
        if not await list_memberships(caller.connection, viewer, channel_ids=[channel.channel_id]):
            raise SlackError("user_not_in_channel", f"{viewer.name} isn't in the channel.")
    ts = await post_ephemeral(
        call.database,
        call.notifier,
        channel=channel,
        author=caller.member,
        viewer=viewer,
        text=said.text,
        blocks=said.blocks,
        thread_sequence=await _find_thread(call, channel, given.thread_ts),
    )
    return {"message_ts": ts}


async def post_about_me(call: Call, given: MeMessage) -> Answer:
    """Post a message in which a member says what it does."""
    if not given.text.strip():
        raise MissingTextError
    channel, caller = await _find_place(call, given.channel)
    message = NewMessage(text=given.text, subtype="me_message")
    posted = await post_message(call.database, call.notifier, channel=channel, member=caller.member, message=message)
    return {"channel": channel.slack_id, "ts": format_ts(posted.message.ts_us)}


async def update(call: Call, given: UpdateMessage) -> Answer:
    """Replace what a message says; without `blocks` it keeps its blocks, and with an empty list it has none."""
    said = given.read()
    async with call.begin() as caller:
        channel, sequence = await caller.find_message(given.channel, given.ts)
        before = await get_message(caller.connection, channel, sequence)
    said = said._replace(blocks=before.blocks if said.blocks is None else said.blocks)
    said.require()
    message = await edit_message(
        call.database,
        call.notifier,
        channel=channel,
        member=caller.member,
        sequence=sequence,
        text=said.text,
        blocks=said.blocks,
        has_names=given.link_names,
    )
    shown = show_message(message, author=caller.member, team_id=caller.workspace.slack_id)
    return {"channel": channel.slack_id, "ts": shown["ts"], "text": message.text, "message": shown}


async def delete(call: Call, given: OneMessage) -> Answer:
    """Delete a message of one's own."""
    async with call.begin() as caller:
        channel, sequence = await caller.find_message(given.channel, given.ts)
    message = await delete_message(
        call.database, call.notifier, channel=channel, member=caller.member, sequence=sequence
    )
    return {"channel": channel.slack_id, "ts": format_ts(message.ts_us)}


async def show_permalink(call: Call, given: GetPermalink) -> Answer:
    """Return the address of a message in the console."""
    async with call.begin() as caller:
        channel, sequence = await caller.find_message(given.channel, given.message_ts)
    return {"channel": channel.slack_id, "permalink": call.permalink(channel, sequence)}


async def _find_place(call: Call, channel: str, client_msg_id: str | None = None) -> tuple[Channel, Caller]:
    """Return the channel to post in, and who posts; the id of a member is that of the conversation with it."""
    async with call.begin() as caller:
        if channel[:1] != "U":
            return await caller.find_channel_to_send(channel, client_msg_id), caller
        other = await caller.find_active_member(channel)
    conversation, _ = await open_conversation(call.database, call.notifier, opener=caller.member, others=[other])
    return conversation, caller


async def _find_thread(call: Call, channel: Channel, thread_ts: str | None) -> int | None:
    if thread_ts is None:
        return None
    ts_us = read_ts(thread_ts, word="invalid_thread_ts")
    async with call.database.snapshot() as connection:
        return (await get_thread_by_ts(connection, channel, ts_us)).sequence
