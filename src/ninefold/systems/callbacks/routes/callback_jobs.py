"""The HTTP routes that start jobs: pass many callbacks on again, or verify them again."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from litestar import Response, post
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler

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
from ninefold.core.web.problems import problem_responses
from ninefold.systems.callbacks import model
from ninefold.systems.callbacks.model import REPLAY_CALLBACKS, REVERIFY_CALLBACKS, SOURCE_PREFIX
from ninefold.systems.callbacks.routes.callback_wire import ReplayCallbacks, ReverifyCallbacks
from ninefold.systems.callbacks.rules.periods import replay_period
from ninefold.systems.callbacks.service.sources import get_source

_CALLBACKS: Final = "/api/v1/callbacks"
_TAGS: Final = ["callbacks"]

_LOCATION: Final = ResponseHeader(
    name="Location", description="The path of the job, which shows its progress.", documentation_only=True
)

_JOBS_KEY: Final = "callbacks"
"""An organisation's jobs that change callbacks run one after the other."""

_NO_IDEMPOTENCY_KEY: Final = refuse_idempotency_key(remedy="Remove the header, and send the request once.")


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


CALLBACK_JOB_ROUTES: Final[list[HTTPRouteHandler]] = [replay_callbacks, reverify_callbacks]


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
    return (await get_source(connection, None, organisation_id=organisation_id, source_id=source_id)).source_id
