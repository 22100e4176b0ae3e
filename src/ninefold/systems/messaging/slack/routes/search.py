"""`search.messages`."""

from typing import Annotated, Any, Final, Literal

import msgspec
from litestar.types import ControllerRouterHandler

from ninefold.core.errors import InvalidInputError
from ninefold.systems.messaging.model import Found
from ninefold.systems.messaging.rules.searches import mark_highlights, parse_query
from ninefold.systems.messaging.service.searching import search_messages, show_found
from ninefold.systems.messaging.slack.calls import Answer, Call, Caller, Server, slack_method
from ninefold.systems.messaging.slack.errors import SlackError, TokenKindError
from ninefold.systems.messaging.slack.objects import show_messages

FOUND_MAX: Final = 1_000
"""Messages that can be reached page by page; their number is counted up to it."""

_MARKS: Final = ("\ue000", "\ue001")
"""Slack's marks of what was searched for; no text has them otherwise."""


class SearchMessages(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `search.messages`. Sorting by score isn't offered: the latest is first."""

    query: str = ""
    count: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    page: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1
    sort: Literal["score", "timestamp"] = "score"
    sort_dir: Literal["asc", "desc"] = "desc"
    highlight: bool = False


def search_routes(server: Server) -> list[ControllerRouterHandler]:
    """Return the route."""
    return [slack_method(server, "search.messages", SearchMessages, search)]


async def search(call: Call, given: SearchMessages) -> Answer:
    """Search messages that the caller can see, the latest first."""
    if not given.query.strip():
        raise SlackError("no_query", "The query is empty.")
    end = given.page * given.count
    if end > FOUND_MAX:
        raise SlackError("invalid_arguments", f"Only the first {FOUND_MAX:,} matches can be listed.")
    async with call.begin() as caller:
        if caller.member.kind == "bot":
            raise TokenKindError("A bot can't search.", remedy="Use the token of a member, `xoxp-…`.")
        total, found = await _find(caller, given)
        matches = [await _show(call, caller, each, has_marks=given.highlight) for each in found]
    pages = -(-total // given.count)
    paging = {"count": given.count, "total": total, "page": given.page, "pages": pages}
    pagination = {
        "total_count": total,
        "page": given.page,
        "per_page": given.count,
        "page_count": pages,
        "first": end - given.count + 1 if matches else 0,
        "last": end - given.count + len(matches),
    }
    return {
        "query": given.query,
        "messages": {"total": total, "paging": paging, "pagination": pagination, "matches": matches},
    }


async def _find(caller: Caller, given: SearchMessages) -> tuple[int, list[Found]]:
    """Return how much is found, and a page of it; a query that names what isn't there finds nothing, as in Slack."""
    try:
        query = parse_query(given.query)
        result = await search_messages(
            caller.connection,
            organisation_id=caller.member.organisation_id,
            member=caller.member,
            query=query,
            before=None,
            limit=FOUND_MAX,
        )
    except InvalidInputError:
        return 0, []
    messages = [message for _, message in result.found]
    if given.sort_dir == "asc":
        messages.reverse()
    page = messages[(given.page - 1) * given.count : given.page * given.count]
    shown = await show_found(caller.connection, page, organisation_id=caller.member.organisation_id, query=query)
    return len(messages), shown


async def _show(call: Call, caller: Caller, found: Found, *, has_marks: bool) -> dict[str, Any]:
    (shown,) = await show_messages(
        caller.connection, found.channel, [found.details], workspace=caller.workspace, base_url=call.base_url
    )
    start, end = _MARKS
    channel = found.channel
    text = found.details.message.text
    return {
        **shown,
        "iid": f"{channel.slack_id}-{shown['ts']}",
        "score": 1.0,
        "text": mark_highlights(text, found.highlights, start=start, end=end) if has_marks else text,
        "channel": {
            "id": channel.slack_id,
            "name": channel.name or channel.slack_id,
            "is_private": channel.kind == "private",
            "is_im": channel.kind == "direct",
            "is_mpim": channel.kind == "group",
        },
        "permalink": call.permalink(channel, found.details.message.sequence),
    }
