"""The HTTP routes that publish events, singly or in batches, and show one. `searches` has their list."""

from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from ninefold.core.errors import NinefoldError
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.access import access
from ninefold.core.web.bodies import FromBody, JsonDecoder
from ninefold.core.web.idempotency import IDEMPOTENCY_KEY, refuse_idempotency_key
from ninefold.core.web.problems import describe, problem_responses
from ninefold.systems.webhooks.errors import QueueFullError
from ninefold.systems.webhooks.model import EVENTS_CHANNELS
from ninefold.systems.webhooks.routes.idempotency import IdempotencyKeyHeader, choose_idempotency_key
from ninefold.systems.webhooks.routes.wire import (
    BatchAccepted,
    BatchResult,
    EventAccepted,
    EventId,
    EventView,
    PublishEvent,
    PublishEventBatch,
    show_event,
    show_publication,
)
from ninefold.systems.webhooks.service import deliveries as delivery_service
from ninefold.systems.webhooks.service.admission import AdmissionControl
from ninefold.systems.webhooks.service.publishing import (
    PAYLOAD_BYTES_MAX,
    EventDraft,
    Publication,
    publish_events,
)
from ninefold.systems.webhooks.service.recipients import RecipientCache
from ninefold.systems.webhooks.service.shared_publishing import SharedPublishing
from ninefold.systems.webhooks.settings import WebhooksSettings

EVENTS_PATH: Final = "/api/v1/events"
_TAGS: Final = ["events"]

EVENT_BODY_BYTES_MAX: Final = PAYLOAD_BYTES_MAX + 64 * 1024
"""The largest payload, plus the other fields of the body."""

BATCH_BODY_BYTES_MAX: Final = 5 * 1024 * 1024
"""Room for five of the largest payloads, or a thousand of 5 KiB. The whole body is held in memory."""

ACCEPTED: Final = 202

_NOT_AUDITED: Final = access(not_audited="Events are data, not configuration, and they are listed themselves.")

_REPLAYED: Final = ResponseHeader(
    name="Idempotency-Replayed",
    description="`true` if the idempotency key was used before and this repeats the first response.",
    documentation_only=True,
)

_RETRY_AFTER: Final = ResponseHeader(
    name="Retry-After",
    description="Seconds after which events that were refused with `queue_full` can be sent again.",
    documentation_only=True,
)

_draft_decoder: JsonDecoder[PublishEvent] = JsonDecoder(PublishEvent)


@post(
    EVENTS_PATH,
    tags=_TAGS,
    status_code=ACCEPTED,
    request_max_body_size=EVENT_BODY_BYTES_MAX,
    response_headers=[_REPLAYED],
    responses=problem_responses(409, 429),
    opt=_NOT_AUDITED,
)
async def publish_event(
    *,
    data: FromBody[PublishEvent],
    request: Request[Any, Principal, Any],
    principal: NamedDependency[Principal],
    publishing: NamedDependency[SharedPublishing],
    idempotency_key: IdempotencyKeyHeader = None,  # noqa: ARG001  # documented here; all its values are read below.
) -> Response[EventAccepted]:
    """Publish an event. The response is sent after the commit; workers then deliver the event to each subscriber.

    If the idempotency key was used before with the same content, the response repeats the first one, with
    `Idempotency-Replayed: true`. If the content differs, the response is a conflict that names what differs. While
    too many deliveries wait for their first attempts, new events are refused with 429 (`queue_full`).
    """
    key = choose_idempotency_key(request.headers.getall(IDEMPOTENCY_KEY, []), field=data.idempotency_key)
    result = await publishing.publish(principal, draft_of(data, idempotency_key=key))
    return Response(
        show_publication(result),
        status_code=ACCEPTED,
        headers={_REPLAYED.name: "true"} if result.is_replay else None,
    )


@post(
    f"{EVENTS_PATH}/batch",
    tags=_TAGS,
    status_code=ACCEPTED,
    request_max_body_size=BATCH_BODY_BYTES_MAX,
    response_headers=[_RETRY_AFTER],
    opt=_NOT_AUDITED,
    guards=[
        refuse_idempotency_key(
            remedy="Remove the header, and give each event of the batch its own idempotency_key: keys are per event."
        )
    ],
)
async def publish_event_batch(
    *,
    data: FromBody[PublishEventBatch],
    request: Request[Any, Principal, Any],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    recipient_cache: NamedDependency[RecipientCache],
    admission_control: NamedDependency[AdmissionControl],
) -> Response[BatchAccepted]:
    """Publish a batch of events.

    Publishes up to 1,000 events in one transaction. The response has a result for each event, in the order of the
    request. If an event is refused, its result contains the problem, and the others are still accepted. Each event has
    its own idempotency key; the header `Idempotency-Key` is refused. If events were refused because a queue is full
    (`queue_full`), the header `Retry-After` says when to send them again.
    """
    drafts: dict[int, EventDraft] = {}
    results: dict[int, Publication | NinefoldError] = {}
    for position, raw in enumerate(data.events):
        try:
            event = _draft_decoder.decode(raw, path=f"events[{position}]")
        except NinefoldError as error:
            results[position] = error
        else:
            drafts[position] = draft_of(event, idempotency_key=event.idempotency_key)
    async with admission_control.open() as admission, database.transaction() as connection:
        published = await publish_events(
            connection,
            recipient_cache,
            organisation_id=principal.organisation_id,
            drafts=list(drafts.values()),
            admission=admission,
        )
    for tier in {draft.tier for draft in drafts.values()}:
        notifier.notify(EVENTS_CHANNELS[tier])
    for position, result in zip(drafts, published, strict=True):
        results[position] = _prefix_field(result, position=position)
    request_id = request.scope["state"].get("request_id", "")
    shown = [_batch_result(results[position], request_id=request_id) for position in range(len(data.events))]
    accepted = sum(result.status == ACCEPTED for result in shown)
    waits_s = [result.retry_after_s for result in results.values() if isinstance(result, QueueFullError)]
    return Response(
        BatchAccepted(results=shown, accepted=accepted, refused=len(shown) - accepted),
        status_code=ACCEPTED,
        headers={_RETRY_AFTER.name: str(max(waits_s))} if waits_s else None,
    )


@get(f"{EVENTS_PATH}/{{event_id:str}}", tags=_TAGS)
async def get_event(
    event_id: FromPath[EventId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    recipient_cache: NamedDependency[RecipientCache],
    webhooks_settings: NamedDependency[WebhooksSettings],
) -> EventView:
    """Show an event.

    With its payload and all its deliveries, including those without an attempt.
    """
    async with database.snapshot() as connection:
        found = await delivery_service.get_event(
            connection, recipient_cache, organisation_id=principal.organisation_id, event_id=event_id
        )
    return show_event(found, attempts_per_round=webhooks_settings.attempts_per_round)


EVENT_ROUTES: Final[list[HTTPRouteHandler]] = [publish_event, publish_event_batch, get_event]


def draft_of(data: PublishEvent, *, idempotency_key: str | None) -> EventDraft:
    """Return the event that a body publishes."""
    return EventDraft(
        event_type=data.event_type,
        payload=bytes(data.payload),
        idempotency_key=idempotency_key,
        tier=data.tier,
        ordering_key=data.ordering_key,
    )


def _prefix_field(result: Publication | NinefoldError, *, position: int) -> Publication | NinefoldError:
    """Prefix an error's field with the event's position in the batch."""
    if isinstance(result, NinefoldError) and result.field is not None:
        result.field = f"events[{position}].{result.field}"
    return result


def _batch_result(result: Publication | NinefoldError, *, request_id: str) -> BatchResult:
    if isinstance(result, NinefoldError):
        return BatchResult(status=result.http_status, problem=describe(result, request_id=request_id))
    accepted = show_publication(result)
    return BatchResult(
        status=ACCEPTED,
        event_id=accepted.event_id,
        queued_deliveries=accepted.queued_deliveries,
        is_replay=result.is_replay,
    )
