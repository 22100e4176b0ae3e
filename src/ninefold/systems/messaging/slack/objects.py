"""Messages as Slack's API shows them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.messaging.model import Channel, Member, Message, MessageDetails, Reaction, Workspace
from ninefold.systems.messaging.rules.timestamps import format_ts
from ninefold.systems.messaging.service.members import list_members_by_ids
from ninefold.systems.messaging.service.reading import list_messages_by_sequences
from ninefold.systems.messaging.slack.file_objects import show_file

_SLACKBOT: Final = "USLACKBOT"
"""Who says in Slack that a message was deleted."""


async def show_messages(
    connection: Connection,
    channel: Channel,
    details: Sequence[MessageDetails],
    *,
    workspace: Workspace,
    base_url: str,
) -> list[dict[str, Any]]:
    """Return messages of a channel, with their reactions, their files and their threads.

    Args:
        connection: any connection.
        channel: their channel.
        details: the messages.
        workspace: where it is.
        base_url: the address of this server.
    """
    messages = [each.message for each in details]
    sequences = [sequence for each in messages for sequence in (each.thread_sequence, each.latest_reply_sequence)]
    related = await list_messages_by_sequences(connection, channel, [each for each in sequences if each is not None])
    people = {message.member_id for message in (*messages, *related.values())}
    people.update(member_id for each in details for reaction in each.reactions for member_id in reaction.member_ids)
    people.update(file.member_id for each in details for file in each.files)
    found = await list_members_by_ids(connection, organisation_id=channel.organisation_id, member_ids=people)
    members = {member.member_id: member for member in found}
    slack_ids = {member.member_id: member.slack_id for member in found}
    return [
        show_message(
            each.message,
            author=members[each.message.member_id],
            team_id=workspace.slack_id,
            reactions=each.reactions,
            slack_ids=slack_ids,
            **_thread_of(each.message, related, slack_ids),
        )
        | ({"pinned_to": [channel.slack_id]} if each.is_pinned else {})
        | _files_of(each, slack_ids, base_url=base_url)
        for each in details
    ]


def show_message(
    message: Message,
    *,
    author: Member,
    team_id: str,
    thread_ts: str | None = None,
    parent_user_id: str | None = None,
    latest_reply: str | None = None,
    reactions: Sequence[Reaction] = (),
    slack_ids: Mapping[UUID, str] = {},  # it is never changed.
) -> dict[str, Any]:
    """Return a message; what Slack leaves out where it is empty is left out here too.

    Args:
        message: the message.
        author: who has written it.
        team_id: the id of the workspace, `T…`.
        thread_ts: the `ts` of the message that begins its thread.
        parent_user_id: who has written that one, `U…`.
        latest_reply: the `ts` of the last reply to it.
        reactions: the emoji on it.
        slack_ids: the ids of those who have added them, `U…`, by member.
    """
    shown: dict[str, Any] = {
        "type": "message",
        "ts": format_ts(message.ts_us),
        "user": author.slack_id,
        "team": team_id,
        "text": message.text,
        "blocks": message.blocks,
        "subtype": "thread_broadcast" if message.is_broadcast else message.subtype,
        "client_msg_id": message.client_msg_id,
        "bot_id": author.bot_id,
        "thread_ts": thread_ts,
        "parent_user_id": parent_user_id,
        "edited": None
        if message.edited_at is None
        else {"user": author.slack_id, "ts": f"{message.edited_at.timestamp():.6f}"},
        "reactions": [_show_reaction(each, slack_ids) for each in reactions] or None,
    }
    if message.deleted_at is not None:
        shown |= {"subtype": "tombstone", "text": "This message was deleted.", "user": _SLACKBOT, "hidden": True}
    if message.reply_count:
        shown |= {"thread_ts": shown["ts"], "reply_count": message.reply_count, "latest_reply": latest_reply}
    return {name: value for name, value in shown.items() if value is not None}


def _files_of(details: MessageDetails, slack_ids: Mapping[UUID, str], *, base_url: str) -> dict[str, Any]:
    if not details.files:
        return {}
    files = [show_file(file, owner=slack_ids[file.member_id], base_url=base_url) for file in details.files]
    return {"files": files, "upload": False}


def _thread_of(
    message: Message, related: Mapping[int, Message], slack_ids: Mapping[UUID, str]
) -> dict[str, str | None]:
    root = related.get(message.thread_sequence or 0)
    latest = related.get(message.latest_reply_sequence or 0)
    return {
        "thread_ts": None if root is None else format_ts(root.ts_us),
        "parent_user_id": None if root is None else slack_ids.get(root.member_id),
        "latest_reply": None if latest is None else format_ts(latest.ts_us),
    }


def _show_reaction(reaction: Reaction, slack_ids: Mapping[UUID, str]) -> dict[str, Any]:
    users = [slack_ids[member_id] for member_id in reaction.member_ids if member_id in slack_ids]
    return {"name": reaction.emoji, "users": users, "count": len(reaction.member_ids)}
