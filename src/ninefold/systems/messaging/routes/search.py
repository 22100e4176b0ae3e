"""The HTTP route of the search."""

from typing import Annotated, Final

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery, QueryParameter

from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, PagedList, PageLimit, SearchPage
from ninefold.systems.messaging.model import Found
from ninefold.systems.messaging.routes.channel_wire import ChannelView, show_channel
from ninefold.systems.messaging.routes.message_wire import ChannelMessageView, show_message
from ninefold.systems.messaging.routes.wire import READS, TAGS
from ninefold.systems.messaging.rules.searches import QUERY_LENGTH_MAX, parse_query
from ninefold.systems.messaging.service import searching
from ninefold.systems.messaging.service.members import find_own_member

_found_list = PagedList("messaging_found", int)

Query = Annotated[
    str,
    QueryParameter(
        max_length=QUERY_LENGTH_MAX,
        description='Words, `"phrases"`, `-without`, and `from:@name in:#channel before:2026-01-31 after: on: '
        "has:file has:link has:pin is:thread`.",
    ),
]


class FoundView(msgspec.Struct, frozen=True, kw_only=True):
    """A message that matches."""

    message: ChannelMessageView
    channel: ChannelView
    highlights: Annotated[
        list[tuple[int, int]],
        msgspec.Meta(
            description="Where in the text what was searched for begins, and where it has ended, in code points.",
            examples=[[(0, 5)]],
        ),
    ]


@get("/api/v1/messaging/search", tags=TAGS, opt=READS)
async def search_messages(
    *,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    q: Query = "",
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> SearchPage[FoundView]:
    """Search messages.

    Latest first, and only in channels that you can see. An API key searches all of its organisation. Without a query,
    all messages are found.
    """
    query = parse_query(q)
    page = _found_list.query(cursor, limit)
    async with database.transaction() as connection:
        member = await find_own_member(connection, principal)
        result = await searching.search_messages(
            connection,
            organisation_id=principal.organisation_id,
            member=member,
            query=query,
            before=page.position,
            limit=page.rows_max,
        )
        messages = [message for _, message in result.found]
        shown = await searching.show_found(connection, messages, organisation_id=principal.organisation_id, query=query)
        stopped_time = None
        if result.stopped_at is not None:
            stopped_time = await searching.find_time_of(
                connection, organisation_id=principal.organisation_id, ordinal=result.stopped_at
            )
    ordinals = [ordinal for ordinal, _ in result.found]
    return page.search_page(
        list(zip(ordinals, shown, strict=True)),
        position_of=lambda each: each[0],
        show=lambda each: _show(each[1]),
        stopped_at=result.stopped_at,
        time_of=None if stopped_time is None else lambda _: stopped_time,
    )


def _show(found: Found) -> FoundView:
    return FoundView(
        message=show_message(found.details), channel=show_channel(found.channel), highlights=found.highlights
    )


SEARCH_ROUTES: Final[list[HTTPRouteHandler]] = [search_messages]
