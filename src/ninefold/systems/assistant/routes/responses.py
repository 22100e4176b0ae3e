"""The HTTP routes for responses, and for what was used."""

from datetime import date
from typing import Annotated, Final
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, Parameter, QueryParameter

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.model import ACCOUNT_PREFIX, Principal
from ninefold.core.tenancy.roles import ADMIN
from ninefold.core.web.access import access
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.systems.assistant.model import AskerKind, UsageOfDay
from ninefold.systems.assistant.routes.response_wire import (
    LogEventsView,
    ResponseId,
    ResponseView,
    Tokens,
    show_event,
    show_response,
)
from ninefold.systems.assistant.rules.events import ENDS
from ninefold.systems.assistant.service import responses as service
from ninefold.systems.assistant.service.channels import notify_conversation, notify_stopped
from ninefold.systems.assistant.service.usage import list_usage as find_usage

_RESPONSE: Final = "/api/v1/assistant/responses/{response_id:str}"
_USAGE: Final = "/api/v1/assistant/usage"
_TAGS: Final = ["assistant"]

_usage_list = PagedList("assistant_usage", tuple[date, UUID, str])


class UsageOfDayView(msgspec.Struct, frozen=True, kw_only=True):
    """What an account or an API key has used on one day (UTC) of one model."""

    day: date
    actor_kind: AskerKind
    actor_id: Annotated[
        str, msgspec.Meta(description="The account or the API key.", examples=["key_01h455vb4pex5vsknk084sn02q"])
    ]
    model: Annotated[str, msgspec.Meta(examples=["smollm2-135m-instruct"])]
    responses: Annotated[int, msgspec.Meta(examples=[12])]
    input_tokens: Tokens
    output_tokens: Tokens


@get(_RESPONSE, tags=_TAGS)
async def get_response(
    response_id: FromPath[ResponseId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> ResponseView:
    """Show a response.

    With the text that it has so far.
    """
    async with database.snapshot() as connection:
        response, text = await service.get_response_with_text(
            connection, asker=service.asker_of(principal), response_id=response_id
        )
    return show_response(response, text=text)


@get(f"{_RESPONSE}/events", tags=_TAGS)
async def list_response_events(
    *,
    response_id: FromPath[ResponseId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    after: Annotated[
        int, QueryParameter(ge=-1, le=2**53, description="The number of the last event that is known; -1 for none.")
    ] = -1,
    limit: Annotated[
        int,
        QueryParameter(ge=1, le=service.EVENTS_PER_READ_MAX, description="The maximum number of events."),
    ] = 100,
) -> LogEventsView:
    """List the events of a response.

    They are what its live channel shows, oldest first. To continue, pass the last `sequence_number` as `after`, until
    `has_ended`.
    """
    async with database.snapshot() as connection:
        events = await service.read_log(
            connection, asker=service.asker_of(principal), response_id=response_id, after=after, limit=limit
        )
    return LogEventsView(
        items=[show_event(event) for event in events], has_ended=bool(events) and events[-1].type in ENDS
    )


@post(
    f"{_RESPONSE}/cancel",
    tags=_TAGS,
    status_code=200,
    opt=access(not_audited="It only ends an answer that the caller has asked for."),
)
async def cancel_response(
    response_id: FromPath[ResponseId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> ResponseView:
    """Cancel a response.

    What it has now is all that it will ever have, and all that is counted. One that has ended stays as it is.
    """
    async with database.transaction() as connection:
        response = await service.cancel_response(connection, asker=service.asker_of(principal), response_id=response_id)
    notify_stopped(notifier, [response_id])
    if response.conversation_id is not None:
        notify_conversation(notifier, owner_id=response.owner_id, conversation_id=response.conversation_id)
    return show_response(response, text=service.text_of(response))


@get(_USAGE, tags=_TAGS)
async def list_usage(
    *,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    since: Annotated[date | None, Parameter(description="From this day on, in UTC.")] = None,
    until: Annotated[date | None, Parameter(description="Up to this day, in UTC.")] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[UsageOfDayView]:
    """List usage.

    By day, by account or API key, and by model; newest first. With the permission `admin`, of the whole organisation;
    otherwise only the caller's own.
    """
    query = _usage_list.query(cursor, limit)
    async with database.connection() as connection:
        found = await find_usage(
            connection,
            asker=service.asker_of(principal),
            is_of_all=principal.allows(ADMIN),
            since=since,
            until=until,
            before=query.position,
            limit=query.rows_max,
        )
    return query.page(found, position_of=lambda each: (each.day, each.asker_id, each.model), show=_show_usage)


RESPONSE_ROUTES: Final[list[HTTPRouteHandler]] = [
    get_response,
    list_response_events,
    cancel_response,
    list_usage,
]


def _show_usage(usage: UsageOfDay) -> UsageOfDayView:
    prefix = ACCOUNT_PREFIX if usage.asker_kind == "account" else API_KEY.id_prefix
    return UsageOfDayView(
        day=usage.day,
        actor_kind=usage.asker_kind,
        actor_id=format_id(prefix, usage.asker_id),
        model=usage.model,
        responses=usage.responses,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
    )
