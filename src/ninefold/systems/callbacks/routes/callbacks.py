"""The HTTP routes that show callbacks, pass them on again, and verify them again."""

from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, Parameter

from ninefold.core.errors import InvalidInputError
from ninefold.core.ids import InvalidIdError, format_id, parse_id
from ninefold.core.jobs import JOB_PREFIX, JOBS_CHANNEL, Job, enqueue
from ninefold.core.jobs.service import get_job
from ninefold.core.jobs.wire import JOBS_PATH, JobView, show_job
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.idempotency import refuse_idempotency_key
from ninefold.core.web.openapi.responses import bytes_response
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.problems import problem_responses
from ninefold.systems.callbacks import model
from ninefold.systems.callbacks.model import (
    CALLBACK_PREFIX,
    EVENT_PREFIX,
    REPLAY_CALLBACKS,
    REVERIFY_CALLBACKS,
    SOURCE_PREFIX,
    CallbackFilter,
    CallbackStatus,
)
from ninefold.systems.callbacks.routes.callback_wire import (
    CallbackId,
    CallbackReplayed,
    CallbackSummary,
    CallbackView,
    ReplayCallbacks,
    ReverifyCallbacks,
    show_callback,
    show_callback_summary,
)
from ninefold.systems.callbacks.routes.source_wire import SourceId
from ninefold.systems.callbacks.rules.periods import replay_period
from ninefold.systems.callbacks.service import callbacks as service
from ninefold.systems.callbacks.service.passing_on import WebhookDelivery
from ninefold.systems.callbacks.service.sources import get_source

_CALLBACKS: Final = "/api/v1/callbacks"
_CALLBACK: Final = "/api/v1/callbacks/{callback_id:str}"
_TAGS: Final = ["callbacks"]

_BYTES: Final = "application/octet-stream"

_LOCATION: Final = ResponseHeader(
    name="Location", description="The path of the job, which shows its progress.", documentation_only=True
)

_JOBS_KEY: Final = "callbacks"
"""An organisation's jobs that change callbacks run one after the other."""

_NO_IDEMPOTENCY_KEY: Final = refuse_idempotency_key(remedy="Remove the header, and send the request once.")

_callback_list = PagedList("callbacks", UUID)


@get(_CALLBACKS, tags=_TAGS)
async def list_callbacks(
    *,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    source_id: Annotated[SourceId | None, Parameter(description="Only of this source.")] = None,
    status: Annotated[CallbackStatus | None, Parameter(description="Only with this status.")] = None,
    provider: Annotated[str | None, Parameter(description="Only of this provider.")] = None,
    type: Annotated[str | None, Parameter(description="Only of this type, in the provider's words.")] = None,  # noqa: A002
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[CallbackSummary]:
    """List callbacks.

    Newest first, without their headers and bodies.
    """
    query = _callback_list.query(cursor, limit)
    async with database.connection() as connection:
        found = await service.list_callbacks(
            connection,
            organisation_id=principal.organisation_id,
            wanted=CallbackFilter(source_id=source_id, status=status, provider=provider, event_type=type),
            before=query.position,
            limit=query.rows_max,
        )
    return query.page(found, position_of=lambda callback: callback.callback_id, show=show_callback_summary)


@get(_CALLBACK, tags=_TAGS)
async def get_callback(
    callback_id: FromPath[CallbackId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> CallbackView:
    """Show a callback.

    With its headers and its body as they were received, and the body as JSON or as a form if it is one.
    """
    async with database.snapshot() as connection:
        shown = await service.get_callback(
            connection, organisation_id=principal.organisation_id, callback_id=callback_id
        )
    return show_callback(shown)


@get(f"{_CALLBACK}/body", tags=_TAGS, responses=bytes_response(_BYTES, description="The body."))
async def get_callback_body(
    callback_id: FromPath[CallbackId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> Response[bytes]:
    """Download the body of a callback.

    Exactly the bytes that were received, always as `application/octet-stream`.
    """
    async with database.snapshot() as connection:
        shown = await service.get_callback(
            connection, organisation_id=principal.organisation_id, callback_id=callback_id
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
    f"{_CALLBACKS}/replay",
    tags=_TAGS,
    status_code=202,
    responses=problem_responses(404),
    response_headers=[_LOCATION],
    guards=[_NO_IDEMPOTENCY_KEY],
)
async def replay_callbacks(
    data: FromBody[ReplayCallbacks],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    audit: NamedDependency[AuditEntry],
) -> Response[JobView]:
    """Replay many callbacks.

    A durable job publishes a new event for each verified callback that was received in a time, of one source or of all.
    """
    since, until = replay_period(data.since, data.until, now=datetime.now(UTC))
    async with database.transaction() as connection:
        source_id = await _find_source(connection, data.source_id, organisation_id=principal.organisation_id)
        job_id = await enqueue(
            connection,
            REPLAY_CALLBACKS,
            model.ReplayCallbacks(
                organisation_id=principal.organisation_id,
                source_id=source_id,
                event_type=data.type,
                since=since,
                until=until,
            ),
            organisation_id=principal.organisation_id,
            key=_JOBS_KEY,
        )
        job = await get_job(connection, job_id)
        audit.target_id = format_id(JOB_PREFIX, job_id)
    notifier.notify(JOBS_CHANNEL)
    return _show_started(job)


@post(
    f"{_CALLBACKS}/reverify",
    tags=_TAGS,
    status_code=202,
    responses=problem_responses(404),
    response_headers=[_LOCATION],
    guards=[_NO_IDEMPOTENCY_KEY],
)
async def reverify_callbacks(
    data: FromBody[ReverifyCallbacks],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    audit: NamedDependency[AuditEntry],
) -> Response[JobView]:
    """Verify quarantined callbacks again.

    A durable job lets all quarantined callbacks be verified again, of one source or of all, with the current secrets.
    The age of a signature is still compared with the time at which the callback was received.
    """
    async with database.transaction() as connection:
        source_id = await _find_source(connection, data.source_id, organisation_id=principal.organisation_id)
        job_id = await enqueue(
            connection,
            REVERIFY_CALLBACKS,
            model.ReverifyCallbacks(organisation_id=principal.organisation_id, source_id=source_id),
            organisation_id=principal.organisation_id,
            key=_JOBS_KEY,
        )
        job = await get_job(connection, job_id)
        audit.target_id = format_id(JOB_PREFIX, job_id)
    notifier.notify(JOBS_CHANNEL)
    return _show_started(job)


CALLBACK_ROUTES: Final[list[HTTPRouteHandler]] = [
    list_callbacks,
    get_callback,
    get_callback_body,
    replay_callback,
    replay_callbacks,
    reverify_callbacks,
]


def _show_started(job: Job) -> Response[JobView]:
    view = show_job(job)
    return Response(view, status_code=202, headers={"Location": f"{JOBS_PATH}/{view.job_id}"})


async def _find_source(connection: Connection, text: str | None, *, organisation_id: UUID) -> UUID | None:
    """Return the id of a source of the organisation that a body names, if it names one.

    Raises:
        InvalidInputError: it isn't an id of a source.
        SourceNotFoundError: the organisation has no source with this id.
    """
    if text is None:
        return None
    try:
        source_id = parse_id(SOURCE_PREFIX, text)
    except InvalidIdError as error:
        raise InvalidInputError(
            f"{text[:80]!r} isn't the id of a source.", field="source_id", remedy="An id looks like src_01h45…."
        ) from error
    return (await get_source(connection, organisation_id=organisation_id, source_id=source_id)).source_id
