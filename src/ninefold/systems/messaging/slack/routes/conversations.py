"""`conversations.history`."""

from typing import Annotated, Any

import msgspec
from litestar import route
from litestar.types import ControllerRouterHandler

from ninefold.core.errors import InvalidInputError
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.web.bodies import RawRequest
from ninefold.core.web.pagination import PagedList
from ninefold.systems.messaging.model import Channel, Member, MessageDetails
from ninefold.systems.messaging.rules.timestamps import format_ts, parse_ts
from ninefold.systems.messaging.service.members import list_members_by_ids
from ninefold.systems.messaging.service.reading import add_details, find_sequence_at, list_before
from ninefold.systems.messaging.service.sending import get_message
from ninefold.systems.messaging.service.workspaces import ensure_workspace
from ninefold.systems.messaging.slack.arguments import read_arguments
from ninefold.systems.messaging.slack.callers import find_caller
from ninefold.systems.messaging.slack.finding import find_channel
from ninefold.systems.messaging.slack.objects import show_message

_history = PagedList("slack_history", int)


class History(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `conversations.history`."""

    channel: str
    cursor: str | None = None
    latest: str | None = None
    oldest: str | None = None
    inclusive: bool = False
    limit: Annotated[int, msgspec.Meta(ge=1, le=999)] = 100


def conversation_routes(database: Database) -> list[ControllerRouterHandler]:
    """Return the routes."""

    @route("/slack/api/conversations.history", http_method=["GET", "POST"], status_code=200)
    async def list_history(request: RawRequest) -> dict[str, Any]:
        """List the messages of a channel, latest first."""
        given = await read_arguments(request, History)
        async with database.transaction() as connection:
            member = await find_caller(connection, request.auth)
            channel = await find_channel(connection, member, given.channel)
            before = await _find_end(connection, channel, given)
            first = await _find_first(connection, channel, given)
            window = await list_before(connection, channel, before=before, limit=given.limit)
            within = [message for message in window.messages if message.sequence >= first]
            has_more = window.has_earlier and len(within) == len(window.messages)
            details = await add_details(connection, channel, within)
            shown = await _show(connection, member, channel, details)
        cursor = _history.encode(within[0].sequence) if has_more else ""
        return {
            "ok": True,
            "messages": shown[::-1],
            "has_more": has_more,
            "pin_count": sum(each.is_pinned for each in details),
            "response_metadata": {"next_cursor": cursor},
        }

    return [list_history]


async def _find_end(connection: Connection, channel: Channel, given: History) -> int | None:
    """Return the sequence before which messages are shown; None for the latest ones."""
    if given.cursor is not None:
        return _history.decode(given.cursor)
    if given.latest is None:
        return None
    return await find_sequence_at(connection, channel, _micros(given.latest) - (not given.inclusive)) + 1


async def _find_first(connection: Connection, channel: Channel, given: History) -> int:
    """Return the sequence from which on messages are shown."""
    if given.oldest is None:
        return 0
    return await find_sequence_at(connection, channel, _micros(given.oldest) - given.inclusive) + 1


async def _show(
    connection: Connection, member: Member, channel: Channel, details: list[MessageDetails]
) -> list[dict[str, Any]]:
    workspace = await ensure_workspace(connection, organisation_id=member.organisation_id)
    people = {each.message.member_id for each in details} | {
        member_id for each in details for reaction in each.reactions for member_id in reaction.member_ids
    }
    members = await list_members_by_ids(connection, organisation_id=member.organisation_id, member_ids=people)
    by_id = {each.member_id: each for each in members}
    slack_ids = {each.member_id: each.slack_id for each in members}
    shown = []
    for message, reactions, _, _ in details:
        thread_ts = None
        if message.thread_sequence is not None:
            thread_ts = format_ts((await get_message(connection, channel, message.thread_sequence)).ts_us)
        shown.append(
            show_message(
                message,
                author=by_id[message.member_id],
                team_id=workspace.slack_id,
                thread_ts=thread_ts,
                reactions=reactions,
                slack_ids=slack_ids,
            )
        )
    return shown


def _micros(ts: str) -> int:
    ts_us = parse_ts(ts)
    if ts_us is None:
        raise InvalidInputError(f"{ts[:40]!r} isn't a ts.", remedy="Send one such as 1764237600.000200.")
    return ts_us
