"""Events over HTTP: published one by one or in batches, and looked at."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery

from ninefold.core.errors import NinefoldError
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import JsonDecoder
from ninefold.core.web.body_reading import FromBody
from ninefold.core.web.pages import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.problems import describe, problem_responses
from ninefold.systems.webhooks.model import EVENTS_CHANNEL
from ninefold.systems.webhooks.routes.wire import (
    BatchAccepted,
    BatchResult,
    EventAccepted,
    EventId,
    EventSummary,
    EventView,
    PublishEvent,
    PublishEventBatch,
    show_event,
    show_event_summary,
    show_publication,
)
from ninefold.systems.webhooks.service import deliveries as delivery_service
from ninefold.systems.webhooks.service.directory import RecipientDirectory
from ninefold.systems.webhooks.service.publishing import (
    PAYLOAD_BYTES_MAX,
    EventDraft,
    Publication,
    publish_events,
)
from ninefold.systems.webhooks.settings import WebhooksSettings

_EVENTS: Final = "/api/v1/events"
_TAGS: Final = ["events"]

EVENT_BODY_BYTES_MAX: Final = PAYLOAD_BYTES_MAX + 64 * 1024
"""A payload, and what stands around it."""

BATCH_BODY_BYTES_MAX: Final = 5 * 1024 * 1024
"""Five of the largest payloads, or a thousand of 5 KiB. A request's whole body is in memory."""

_ACCEPTED: Final = 202

_REPLAYED: Final = ResponseHeader(
    name="Idempotency-Replayed",
    description="`true` where the idempotency key was used before, and this is the first answer again.",
    documentation_only=True,
)

_draft_decoder: JsonDecoder[PublishEvent] = JsonDecoder(PublishEvent)
_event_list = PagedList("events", UUID)


@post(
    _EVENTS,
    tags=_TAGS,
    status_code=_ACCEPTED,
    request_max_body_size=EVENT_BODY_BYTES_MAX,
    response_headers=[_REPLAYED],
    responses=problem_responses(409),
)
async def publish_event(
    data: FromBody[PublishEvent],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    directory: NamedDependency[RecipientDirectory],
) -> Response[EventAccepted]:
    """Publish an event. The answer leaves after the commit; deliveries follow, until each subscriber has it.

    A call with an idempotency key that was used before answers as the first did, with `Idempotency-Replayed: true`,
    if the content is the same, and with a conflict that names what differs if it isn't.
    """
    async with database.transaction() as connection:
        (result,) = await publish_events(
            connection, directory, organisation_id=principal.organisation_id, drafts=[_draft(data)]
        )
    if isinstance(result, NinefoldError):
        raise result
    notifier.notify(EVENTS_CHANNEL)
    return Response(
        show_publication(result),
        status_code=_ACCEPTED,
        headers={_REPLAYED.name: "true"} if result.is_replay else None,
    )


@post(f"{_EVENTS}/batch", tags=_TAGS, status_code=_ACCEPTED, request_max_body_size=BATCH_BODY_BYTES_MAX)
async def publish_event_batch(
    *,
    data: FromBody[PublishEventBatch],
    request: Request[Any, Principal, Any],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    directory: NamedDependency[RecipientDirectory],
) -> BatchAccepted:
    """Publish a batch of events.

    Up to 1,000 events, in one transaction. Each has a result of its own, in the order of the request: one that is
    refused, with its problem, doesn't keep the others from being accepted.
    """
    drafts: dict[int, EventDraft] = {}
    results: dict[int, Publication | NinefoldError] = {}
    for position, raw in enumerate(data.events):
        try:
            drafts[position] = _draft(_draft_decoder.decode(raw, path=f"events[{position}]"))
        except NinefoldError as error:
            results[position] = error
    async with database.transaction() as connection:
        published = await publish_events(
            connection, directory, organisation_id=principal.organisation_id, drafts=list(drafts.values())
        )
    notifier.notify(EVENTS_CHANNEL)
    for position, result in zip(drafts, published, strict=True):
        results[position] = _locate(result, position=position)
    request_id = request.scope["state"].get("request_id", "")
    shown = [_show(results[position], request_id=request_id) for position in range(len(data.events))]
    accepted = sum(result.status == _ACCEPTED for result in shown)
    return BatchAccepted(results=shown, accepted=accepted, refused=len(shown) - accepted)


@get(_EVENTS, tags=_TAGS)
async def list_events(
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[EventSummary]:
    """List events.

    The newest first, without their payloads.
    """
    query = _event_list.query(cursor, limit)
    async with database.connection() as connection:
        found = await delivery_service.list_events(
            connection,
            organisation_id=principal.organisation_id,
            before=query.position,
            limit=query.rows_max,
        )
    return query.page(found, position_of=lambda event: event.event_id, show=show_event_summary)


@get(f"{_EVENTS}/{{event_id:str}}", tags=_TAGS)
async def get_event(
    event_id: FromPath[EventId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    directory: NamedDependency[RecipientDirectory],
    webhooks_settings: NamedDependency[WebhooksSettings],
) -> EventView:
    """Show an event.

    With its payload and its deliveries, those included that no attempt has been made for yet.
    """
    async with database.snapshot() as connection:
        found = await delivery_service.get_event(
            connection, directory, organisation_id=principal.organisation_id, event_id=event_id
        )
    return show_event(found, attempts_per_round=webhooks_settings.attempts_per_round)


EVENT_ROUTES: Final[list[HTTPRouteHandler]] = [publish_event, publish_event_batch, list_events, get_event]


def _draft(data: PublishEvent) -> EventDraft:
    return EventDraft(event_type=data.event_type, payload=bytes(data.payload), idempotency_key=data.idempotency_key)


def _locate(result: Publication | NinefoldError, *, position: int) -> Publication | NinefoldError:
    """Let an error name its field as a part of the whole batch."""
    if isinstance(result, NinefoldError) and result.field is not None:
        result.field = f"events[{position}].{result.field}"
    return result


def _show(result: Publication | NinefoldError, *, request_id: str) -> BatchResult:
    if isinstance(result, NinefoldError):
        return BatchResult(status=result.http_status, problem=describe(result, request_id=request_id))
    accepted = show_publication(result)
    return BatchResult(
        status=_ACCEPTED,
        event_id=accepted.event_id,
        queued_deliveries=accepted.queued_deliveries,
        is_replay=result.is_replay,
    )
