"""Messages as Slack's API shows them."""

from typing import Any

from ninefold.systems.messaging.model import Member, Message, Reaction
from ninefold.systems.messaging.rules.timestamps import format_ts


def show_message(
    message: Message,
    *,
    author: Member,
    team_id: str,
    thread_ts: str | None = None,
    reactions: list[Reaction] | None = None,
    slack_ids: dict[Any, str] | None = None,
) -> dict[str, Any]:
    """Return a message; what Slack leaves out where it is empty is left out here too.

    Args:
        message: the message.
        author: who has written it.
        team_id: the id of the workspace, `T…`.
        thread_ts: the `ts` of the message that begins its thread.
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
        "subtype": message.subtype,
        "client_msg_id": message.client_msg_id,
        "bot_id": author.bot_id,
        "thread_ts": thread_ts,
        "edited": None
        if message.edited_at is None
        else {"user": author.slack_id, "ts": f"{message.edited_at.timestamp():.6f}"},
        "reply_count": message.reply_count or None,
        "reactions": [_show_reaction(each, slack_ids or {}) for each in reactions or ()] or None,
    }
    if message.reply_count:
        shown["thread_ts"] = shown["ts"]
    return {name: value for name, value in shown.items() if value is not None}


def _show_reaction(reaction: Reaction, slack_ids: dict[Any, str]) -> dict[str, Any]:
    users = [slack_ids[member_id] for member_id in reaction.member_ids if member_id in slack_ids]
    return {"name": reaction.emoji, "users": users, "count": len(reaction.member_ids)}
