"""`chat.postMessage`."""

from typing import Any

import msgspec
from litestar import route
from litestar.types import ControllerRouterHandler

from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.web.bodies import RawRequest
from ninefold.systems.messaging.model import Block, NewMessage
from ninefold.systems.messaging.rules.timestamps import format_ts
from ninefold.systems.messaging.service.sending import post_message
from ninefold.systems.messaging.service.workspaces import ensure_workspace
from ninefold.systems.messaging.slack.arguments import read_arguments
from ninefold.systems.messaging.slack.callers import find_caller
from ninefold.systems.messaging.slack.errors import MissingTextError
from ninefold.systems.messaging.slack.finding import find_channel, find_sequence
from ninefold.systems.messaging.slack.objects import show_message

BODY_SIZE_MAX = 1024 * 1024


class PostMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `chat.postMessage`."""

    channel: str
    text: str = ""
    blocks: list[Block] | None = None
    thread_ts: str | None = None
    reply_broadcast: bool = False
    client_msg_id: str | None = None
    link_names: bool = False


def chat_routes(database: Database, notifier: Notifier) -> list[ControllerRouterHandler]:
    """Return the routes."""

    @route(
        "/slack/api/chat.postMessage",
        http_method=["GET", "POST"],
        status_code=200,
        request_max_body_size=BODY_SIZE_MAX,
    )
    async def post(request: RawRequest) -> dict[str, Any]:
        """Post a message."""
        given = await read_arguments(request, PostMessage)
        if not given.text.strip() and not given.blocks:
            raise MissingTextError("The message has neither a text nor blocks.", field="text")
        async with database.transaction() as connection:
            member = await find_caller(connection, request.auth)
            channel = await find_channel(connection, member, given.channel)
            workspace = await ensure_workspace(connection, organisation_id=member.organisation_id)
            thread_sequence = (
                None if given.thread_ts is None else await find_sequence(connection, channel, given.thread_ts)
            )
        posted = await post_message(
            database,
            notifier,
            channel=channel,
            member=member,
            message=NewMessage(
                text=given.text,
                blocks=given.blocks,
                client_msg_id=given.client_msg_id,
                thread_sequence=thread_sequence,
                is_broadcast=given.reply_broadcast and thread_sequence is not None,
                has_names=given.link_names,
            ),
        )
        return {
            "ok": True,
            "channel": channel.slack_id,
            "ts": format_ts(posted.message.ts_us),
            "message": show_message(
                posted.message, author=member, team_id=workspace.slack_id, thread_ts=given.thread_ts
            ),
        }

    return [post]
