"""The HTTP routes that show callbacks, and pass one on again."""

from typing import Annotated, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, Parameter

from ninefold.core.ids import format_id, time_of_id
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.secrets import Sealer
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.idempotency import refuse_idempotency_key
from ninefold.core.web.openapi.responses import bytes_response
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, PagedList, PageLimit, SearchPage
from ninefold.core.web.problems import problem_responses
from ninefold.systems.callbacks.model import (
    CALLBACK_PREFIX,
    EVENT_PREFIX,
    RECEIVED_CHANNEL,
    CallbackFilter,
    CallbackStatus,
)
from ninefold.systems.callbacks.routes.callback_wire import (
    CallbackId,
    CallbackReplayed,
    CallbackReverified,
    CallbackSummary,
    CallbackView,
    show_callback,
    show_callback_summary,
)
from ninefold.systems.callbacks.routes.source_wire import SourceId
from ninefold.systems.callbacks.service import callbacks as service
from ninefold.systems.callbacks.service.passing_on import WebhookDelivery

_CALLBACKS: Final = "/api/v1/callbacks"
_CALLBACK: Final = "/api/v1/callbacks/{callback_id:str}"
_TAGS: Final = ["callbacks"]

_BYTES: Final = "application/octet-stream"

_callback_list = PagedList("callbacks", UUID)


@get(_CALLBACKS, tags=_TAGS)
async def list_callbacks(
    *,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    sealer: NamedDependency[Sealer],
    source_id: Annotated[SourceId | None, Parameter(description="Only of this source.")] = None,
    status: Annotated[CallbackStatus | None, Parameter(description="Only with this status.")] = None,
    provider: Annotated[str | None, Parameter(description="Only of this provider.")] = None,
    type: Annotated[str | None, Parameter(description="Only of this type, in the provider's words.")] = None,  # noqa: A002
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> SearchPage[CallbackSummary]:
    """List callbacks.

    Newest first, without their headers and bodies. One request looks at 5,000 callbacks: those of the type if it is
    given, or else those with the status unless it is `verified`, of the source, or of the provider. If too few of them
    match, a page has fewer items than `limit`, or none, and still a `next_cursor`: the list continues there.
    """
    query = _callback_list.query(cursor, limit)
    async with database.snapshot() as connection:
        found = await service.list_callbacks(
            connection,
            sealer,
            organisation_id=principal.organisation_id,
            wanted=CallbackFilter(source_id=source_id, status=status, provider=provider, event_type=type),
            before=query.position,
            limit=query.rows_max,
        )
    return query.search_page(
        found.callbacks,
        position_of=lambda callback: callback.callback_id,
        show=show_callback_summary,
        stopped_at=found.stopped_at,
        time_of=time_of_id,
    )


@get(_CALLBACK, tags=_TAGS)
async def get_callback(
    callback_id: FromPath[CallbackId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    sealer: NamedDependency[Sealer],
) -> CallbackView:
    """Show a callback.

    With its headers and its body as they were received, and the body as JSON or as a form if it is one.
    """
    async with database.snapshot() as connection:
        shown = await service.get_callback(
            connection, sealer, organisation_id=principal.organisation_id, callback_id=callback_id
        )
    return show_callback(shown)


@get(f"{_CALLBACK}/body", tags=_TAGS, responses=bytes_response(_BYTES, description="The body."))
async def get_callback_body(
    callback_id: FromPath[CallbackId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    sealer: NamedDependency[Sealer],
) -> Response[bytes]:
    """Download the body of a callback.

    Exactly the bytes that were received, always as `application/octet-stream`.
    """
    async with database.snapshot() as connection:
        shown = await service.get_callback(
            connection, sealer, organisation_id=principal.organisation_id, callback_id=callback_id
        )
    # A stranger chose these bytes, so no browser may show them as a page.
    return Response(
        shown.content.body,
        media_type=_BYTES,
        headers={"Content-Disposition": f'attachment; filename="{format_id(CALLBACK_PREFIX, callback_id)}"'},
    )


@post(
    f"{_CALLBACK}/replay",
    tags=_TAGS,
    status_code=202,
    responses=problem_responses(409),
    guards=[refuse_idempotency_key(remedy="Remove the header. The callback's replay_count says whether it was done.")],
)
async def replay_callback(
    callback_id: FromPath[CallbackId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    webhook_delivery: NamedDependency[WebhookDelivery],
) -> CallbackReplayed:
    """Replay a callback.

    Publishes a new event with the same content, with `is_replay` true. Only a verified callback can be replayed.
    """
    async with database.transaction() as connection:
        event_id = await service.replay_callback(
            connection, webhook_delivery, organisation_id=principal.organisation_id, callback_id=callback_id
        )
    webhook_delivery.notify(notifier)
    return CallbackReplayed(
        callback_id=format_id(CALLBACK_PREFIX, callback_id), event_id=format_id(EVENT_PREFIX, event_id)
    )


@post(
    f"{_CALLBACK}/reverify",
    tags=_TAGS,
    status_code=202,
    guards=[refuse_idempotency_key(remedy="Remove the header. Repeating the request has no other effect.")],
)
async def reverify_callback(
    callback_id: FromPath[CallbackId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> CallbackReverified:
    """Verify a callback again.

    If it is in quarantine, it waits for its verification again, with the current secrets of its source. The age of a
    signature is still compared with the time at which the callback was received. Any other callback stays as it is.
    """
    async with database.transaction() as connection:
        status = await service.reverify_callback(
            connection, organisation_id=principal.organisation_id, callback_id=callback_id
        )
    notifier.notify(RECEIVED_CHANNEL)
    return CallbackReverified(callback_id=format_id(CALLBACK_PREFIX, callback_id), status=status)


CALLBACK_ROUTES: Final[list[HTTPRouteHandler]] = [
    list_callbacks,
    get_callback,
    get_callback_body,
    replay_callback,
    reverify_callback,
]
