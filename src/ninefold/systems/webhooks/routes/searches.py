"""The HTTP routes that list and search for events and deliveries."""

from datetime import datetime
from functools import partial
from typing import Annotated, Final
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, Parameter, QueryParameter

from ninefold.core.ids import time_of_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, PagedList, PageLimit, SearchPage
from ninefold.core.web.query_parameters import DATE_TIME, parse_time
from ninefold.systems.webhooks.model import DeliveryStatus
from ninefold.systems.webhooks.model.searches import DeliveryFilter, EventFilter, SearchPosition
from ninefold.systems.webhooks.routes.subscription_wire import SubscriptionId
from ninefold.systems.webhooks.routes.wire import DeliveryView, EventSummary, show_delivery, show_event_summary
from ninefold.systems.webhooks.rules.searches import TEXT_LENGTH_MAX
from ninefold.systems.webhooks.service import deliveries as service
from ninefold.systems.webhooks.service import searches
from ninefold.systems.webhooks.service.subscriptions import get_subscription
from ninefold.systems.webhooks.settings import WebhooksSettings

_event_list = PagedList("events", UUID)
_found_event_list = PagedList("events.found", SearchPosition)
_delivery_list = PagedList("deliveries", UUID)
_found_delivery_list = PagedList("deliveries.found", SearchPosition)
# Its cursor holds event ids, because queued deliveries have no rows yet.
_queued_list = PagedList("deliveries.queued", UUID)

_TEXT: Final = {"minLength": 1, "maxLength": TEXT_LENGTH_MAX}

EventText = Annotated[
    str,
    msgspec.Meta(
        description="Only events whose id, idempotency key or type begins so, or whose payload has this text. If it is "
        "a whole idempotency key, its event comes first.",
        extra_json_schema=_TEXT,
    ),
]
DeliveryText = Annotated[
    str,
    msgspec.Meta(
        description="Only deliveries whose id begins so, or whose event has such an id, idempotency key, type or "
        "payload, or whose subscription has this text in its URL or description.",
        extra_json_schema=_TEXT,
    ),
]
EventTypeFilter = Annotated[
    str | None,
    QueryParameter(description="Only this type, a pattern such as `order.*`, or a beginning such as `order.`."),
]
ResponseCodeFilter = Annotated[
    str | None,
    QueryParameter(description="Only those whose last attempt got this code, such as `503`, or `5xx` for a class."),
]
ErrorClassFilter = Annotated[
    str | None,
    QueryParameter(description="Only those whose last attempt failed so; `expired` if there was no failed attempt."),
]
AcceptedAfter = Annotated[
    str | None,
    QueryParameter(
        format=DATE_TIME, description="Only events that were accepted then or later, such as 2026-01-31T12:00:00Z."
    ),
]
AcceptedBefore = Annotated[
    str | None, QueryParameter(format=DATE_TIME, description="Only events that were accepted earlier.")
]


@get("/api/v1/events", tags=["events"])
async def list_events(
    *,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    q: FromQuery[EventText | None] = None,
    event_type: EventTypeFilter = None,
    idempotency_key: Annotated[
        str | None, QueryParameter(description="Only the event with exactly this idempotency key.")
    ] = None,
    accepted_after: AcceptedAfter = None,
    accepted_before: AcceptedBefore = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> SearchPage[EventSummary]:
    """List events.

    Newest first, without their payloads. A search looks at 10,000 events, or at 8 MiB of payloads. If too few of them
    match, a page has fewer items than `limit`, or none, and still a `next_cursor`: the search continues there.
    """
    only = EventFilter(
        text=q,
        event_type=event_type,
        idempotency_key=idempotency_key,
        accepted_after=parse_time(accepted_after, field="accepted_after"),
        accepted_before=parse_time(accepted_before, field="accepted_before"),
    )
    if only == EventFilter():
        return await _all_events(database, principal, cursor=cursor, limit=limit)
    query = _found_event_list.query(cursor, limit)
    async with database.snapshot() as connection:
        found = await searches.search_events(
            connection,
            organisation_id=principal.organisation_id,
            only=only,
            before=query.position,
            limit=query.rows_max,
        )
    return query.search_page(
        found.items,
        position_of=lambda each: each.position,
        show=lambda each: show_event_summary(each.event),
        stopped_at=found.stopped_at,
        time_of=_time_of,
    )


@get("/api/v1/deliveries", tags=["deliveries"])
async def search_deliveries(
    *,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    webhooks_settings: NamedDependency[WebhooksSettings],
    q: FromQuery[DeliveryText | None] = None,
    subscription_id: Annotated[
        SubscriptionId | None, QueryParameter(description="Only those of this subscription.")
    ] = None,
    status: Annotated[DeliveryStatus | None, Parameter(description="Only deliveries with this status.")] = None,
    event_type: EventTypeFilter = None,
    response_code: ResponseCodeFilter = None,
    error_class: ErrorClassFilter = None,
    accepted_after: AcceptedAfter = None,
    accepted_before: AcceptedBefore = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> SearchPage[DeliveryView]:
    """Search for deliveries.

    Lists the deliveries of the organisation that have an outcome, newest events first, with their latest attempts. A
    search looks at 5,000 events or deliveries, or at 8 MiB of payloads. If too few of them match, a page has fewer
    items than `limit`, or none, and still a `next_cursor`: the search continues there.
    """
    only = DeliveryFilter(
        text=q,
        subscription_id=subscription_id,
        status=status,
        event_type=event_type,
        response_code=response_code,
        error_class=error_class,
        accepted_after=parse_time(accepted_after, field="accepted_after"),
        accepted_before=parse_time(accepted_before, field="accepted_before"),
    )
    async with database.snapshot() as connection:
        return await _search_deliveries(
            connection, principal, only, settings=webhooks_settings, cursor=cursor, limit=limit
        )


@get("/api/v1/subscriptions/{subscription_id:str}/deliveries", tags=["deliveries"])
async def list_deliveries(
    *,
    subscription_id: FromPath[SubscriptionId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    webhooks_settings: NamedDependency[WebhooksSettings],
    q: FromQuery[DeliveryText | None] = None,
    status: Annotated[DeliveryStatus | None, Parameter(description="Only deliveries with this status.")] = None,
    event_type: EventTypeFilter = None,
    response_code: ResponseCodeFilter = None,
    error_class: ErrorClassFilter = None,
    accepted_after: AcceptedAfter = None,
    accepted_before: AcceptedBefore = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> SearchPage[DeliveryView]:
    """List deliveries.

    Lists the deliveries to one subscription, newest events first, with their latest attempts. Deliveries without an
    outcome are only listed with `status=queued`, which can't be combined with other filters. A search looks at 5,000
    deliveries with this status, or at 8 MiB of payloads; if too few match, a page is short and has a `next_cursor`.
    """
    only = DeliveryFilter(
        text=q,
        subscription_id=subscription_id,
        status=status,
        event_type=event_type,
        response_code=response_code,
        error_class=error_class,
        accepted_after=parse_time(accepted_after, field="accepted_after"),
        accepted_before=parse_time(accepted_before, field="accepted_before"),
    )
    async with database.snapshot() as connection:
        if only == DeliveryFilter(subscription_id=subscription_id, status=status):
            return await _all_deliveries(
                connection, principal, only, settings=webhooks_settings, cursor=cursor, limit=limit
            )
        await get_subscription(connection, organisation_id=principal.organisation_id, subscription_id=subscription_id)
        return await _search_deliveries(
            connection, principal, only, settings=webhooks_settings, cursor=cursor, limit=limit
        )


SEARCH_ROUTES: Final[list[HTTPRouteHandler]] = [list_events, search_deliveries, list_deliveries]


async def _all_events(
    database: Database, principal: Principal, *, cursor: str | None, limit: int
) -> SearchPage[EventSummary]:
    query = _event_list.query(cursor, limit)
    async with database.connection() as connection:
        found = await service.list_events(
            connection, organisation_id=principal.organisation_id, before=query.position, limit=query.rows_max
        )
    return query.search_page(found, position_of=lambda event: event.event_id, show=show_event_summary)


async def _all_deliveries(
    connection: Connection,
    principal: Principal,
    only: DeliveryFilter,
    *,
    settings: WebhooksSettings,
    cursor: str | None,
    limit: int,
) -> SearchPage[DeliveryView]:
    """Return a page of a subscription's deliveries with one status or with any, which are found by an index."""
    show = partial(show_delivery, attempts_per_round=settings.attempts_per_round)
    owner = {"organisation_id": principal.organisation_id, "subscription_id": only.subscription_id or UUID(int=0)}
    if only.status is DeliveryStatus.QUEUED:
        query = _queued_list.query(cursor, limit)
        found = await service.list_queued_deliveries(connection, **owner, before=query.position, limit=query.rows_max)
        return query.search_page(found, position_of=lambda shown: shown.delivery.event_id, show=show)
    query = _delivery_list.query(cursor, limit)
    found = await service.list_deliveries(
        connection, **owner, status=only.status, before=query.position, limit=query.rows_max
    )
    return query.search_page(found, position_of=lambda shown: shown.delivery.delivery_id, show=show)


async def _search_deliveries(
    connection: Connection,
    principal: Principal,
    only: DeliveryFilter,
    *,
    settings: WebhooksSettings,
    cursor: str | None,
    limit: int,
) -> SearchPage[DeliveryView]:
    query = _found_delivery_list.query(cursor, limit)
    found = await searches.search_deliveries(
        connection,
        organisation_id=principal.organisation_id,
        only=only,
        before=query.position,
        limit=query.rows_max,
    )
    return query.search_page(
        found.items,
        position_of=lambda each: each.position,
        show=lambda each: show_delivery(each.delivery, attempts_per_round=settings.attempts_per_round),
        stopped_at=found.stopped_at,
        time_of=_time_of,
    )


def _time_of(position: SearchPosition) -> datetime:
    return time_of_id(position.event_id)
