"""The HTTP routes that list dead letters, and those that start replays."""

from functools import partial
from typing import Annotated, Final

from litestar import Response, get, post
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, QueryParameter

from ninefold.core.ids import format_id
from ninefold.core.jobs import JOBS_CHANNEL, Job
from ninefold.core.jobs.model import JOB_PREFIX
from ninefold.core.jobs.wire import JOBS_PATH, JobView, show_job
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.idempotency import refuse_idempotency_key
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.problems import problem_responses
from ninefold.core.web.query_parameters import DATE_TIME, parse_time
from ninefold.systems.webhooks.model.replays import DeadLetterFilter, ReplayPosition
from ninefold.systems.webhooks.routes.replay_wire import (
    DeadLetterReplay,
    DeadLetterView,
    SubscriptionReplay,
    show_dead_letter,
)
from ninefold.systems.webhooks.routes.subscription_wire import SubscriptionId
from ninefold.systems.webhooks.service import dead_letters as service
from ninefold.systems.webhooks.service import replays
from ninefold.systems.webhooks.settings import WebhooksSettings

_DEAD_LETTERS: Final = "/api/v1/dead-letters"
_TAGS: Final = ["dead letters"]
_ACCEPTED: Final = 202

_LOCATION: Final = ResponseHeader(
    name="Location", description="The path of the job, which shows its progress.", documentation_only=True
)
_REMEDY: Final = "Remove the header. List the jobs to see whether the replay was started."

_dead_letter_list = PagedList("dead_letters", ReplayPosition)


@get(_DEAD_LETTERS, tags=_TAGS)
async def list_dead_letters(
    *,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    webhooks_settings: NamedDependency[WebhooksSettings],
    subscription_id: Annotated[
        SubscriptionId | None, QueryParameter(description="Only those of this subscription.")
    ] = None,
    subscriber_id: Annotated[
        str | None, QueryParameter(description="Only those of this customer's subscriptions.")
    ] = None,
    event_type: Annotated[
        str | None, QueryParameter(description="Only those of this type, or of a pattern such as `order.*`.")
    ] = None,
    error_class: Annotated[
        str | None,
        QueryParameter(
            description="Only those whose last attempt failed so; `expired` if there was no failed attempt."
        ),
    ] = None,
    failed_after: Annotated[
        str | None,
        QueryParameter(
            format=DATE_TIME, description="Only those that failed then or later, such as 2026-01-31T12:00:00Z."
        ),
    ] = None,
    failed_before: Annotated[
        str | None, QueryParameter(format=DATE_TIME, description="Only those that failed earlier.")
    ] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[DeadLetterView]:
    """List dead letters.

    The deliveries that failed for good, latest first. If few of the latest 5,000 match `event_type` or `error_class`,
    a page has fewer items than `limit`, or none, and still a `next_cursor`: the search continues with the next page.
    """
    query = _dead_letter_list.query(cursor, limit)
    only = DeadLetterFilter(
        subscription_id=subscription_id,
        subscriber_id=subscriber_id,
        event_type=event_type,
        error_class=error_class,
        failed_after=parse_time(failed_after, field="failed_after"),
        failed_before=parse_time(failed_before, field="failed_before"),
    )
    async with database.snapshot() as connection:
        found = await service.list_dead_letters(
            connection,
            organisation_id=principal.organisation_id,
            only=only,
            before=query.position,
            limit=query.rows_max,
        )
    return query.page(
        found.letters,
        position_of=lambda letter: letter.position,
        show=partial(show_dead_letter, attempts_per_round=webhooks_settings.attempts_per_round),
        stopped_at=found.stopped_at,
    )


@post(
    f"{_DEAD_LETTERS}/replay",
    tags=_TAGS,
    status_code=_ACCEPTED,
    responses=problem_responses(409),
    response_headers=[_LOCATION],
    guards=[refuse_idempotency_key(remedy=_REMEDY)],
)
async def replay_dead_letters(
    data: FromBody[DeadLetterReplay],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    audit: NamedDependency[AuditEntry],
) -> Response[JobView]:
    """Replay dead letters.

    Starts a durable job, which sends the same bodies again, with the same ids. It can be paused, resumed and canceled.
    """
    async with database.transaction() as connection:
        job = await replays.replay_dead_letters(
            connection,
            organisation_id=principal.organisation_id,
            delivery_ids=data.read_ids(),
            only=data.read_filter(),
            rate_per_s=data.rate_per_s,
        )
        audit.target_id = format_id(JOB_PREFIX, job.job_id)
    notifier.notify(JOBS_CHANNEL)
    return _started(job)


@post(
    "/api/v1/subscriptions/{subscription_id:str}/replay",
    tags=["subscriptions"],
    status_code=_ACCEPTED,
    responses=problem_responses(409),
    response_headers=[_LOCATION],
    guards=[refuse_idempotency_key(remedy=_REMEDY)],
)
async def replay_subscription(
    subscription_id: FromPath[SubscriptionId],
    data: FromBody[SubscriptionReplay],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> Response[JobView]:
    """Replay everything since a time.

    Starts a durable job, which sends the deliveries to a subscription again, oldest event first, with the same ids and
    bodies. It can be paused, resumed and canceled.
    """
    async with database.transaction() as connection:
        job = await replays.replay_subscription(
            connection,
            organisation_id=principal.organisation_id,
            subscription_id=subscription_id,
            since=data.since,
            until=data.until,
            statuses=data.statuses,
            rate_per_s=data.rate_per_s,
        )
    notifier.notify(JOBS_CHANNEL)
    return _started(job)


REPLAY_ROUTES: Final[list[HTTPRouteHandler]] = [list_dead_letters, replay_dead_letters, replay_subscription]


def _started(job: Job) -> Response[JobView]:
    shown = show_job(job)
    return Response(shown, status_code=_ACCEPTED, headers={"Location": f"{JOBS_PATH}/{shown.job_id}"})
