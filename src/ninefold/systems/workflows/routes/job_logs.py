"""The HTTP routes for the logs of jobs."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream

from ninefold.core.blobs import Blobs
from ninefold.core.errors import InvalidInputError
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.openapi.responses import bytes_response
from ninefold.core.web.problems import problem_responses
from ninefold.systems.workflows.routes.fleet_wire import LogPageView, show_line
from ninefold.systems.workflows.routes.run_wire import JobId
from ninefold.systems.workflows.routes.wire import TAGS
from ninefold.systems.workflows.service.fleet.log_pages import PAGE_LINES_MAX, log_text, read_log

_LOG: Final = "/api/v1/workflows/jobs/{job_id:str}/log"
LINE_MAX: Final = 2**53

After = Annotated[int, msgspec.Meta(ge=0, le=LINE_MAX, description="Only lines after this one.")]
Before = Annotated[
    int, msgspec.Meta(ge=1, le=LINE_MAX, description="Only lines before this one: the last ones of those.")
]
LineLimit = Annotated[int, QueryParameter(ge=1, le=PAGE_LINES_MAX, description="How many lines at most.")]


@get(_LOG, tags=TAGS, responses=problem_responses(404, 422))
async def get_job_log(
    *,
    job_id: FromPath[JobId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    blobs: NamedDependency[Blobs],
    after: FromQuery[After | None] = None,
    before: FromQuery[Before | None] = None,
    limit: LineLimit = 500,
) -> LogPageView:
    """Read lines of a job's log.

    A page whose lines have more than 4 MiB together has fewer than `limit`. The live channel of the job has new lines
    as they come.
    """
    if after is not None and before is not None:
        raise InvalidInputError("Both ends are given.", field="before", remedy="Give `after` or `before`.")
    first = after or 0
    if before is not None:
        first = max(0, before - 1 - limit)
        limit = min(limit, before - 1)
    page = await read_log(
        database, blobs, organisation_id=principal.organisation_id, job_id=job_id, after=first, limit=limit
    )
    return LogPageView(
        items=[show_line(line) for line in page.lines], is_complete=page.is_complete, last_line=page.last_line
    )


@get(
    f"{_LOG}.txt",
    tags=TAGS,
    media_type="text/plain",
    responses={**bytes_response("text/plain", description="The lines."), **problem_responses(404)},
)
async def get_job_log_text(
    job_id: FromPath[JobId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    blobs: NamedDependency[Blobs],
) -> Response[Any]:
    """Download a job's log as text.

    Each line begins with its time.
    """
    # Read once before the response begins, so that an error still has a status.
    await read_log(database, blobs, organisation_id=principal.organisation_id, job_id=job_id, after=0, limit=1)
    return Stream(
        log_text(database, blobs, organisation_id=principal.organisation_id, job_id=job_id),
        media_type="text/plain; charset=utf-8",
        headers={"content-disposition": f'inline; filename="{job_id}.txt"', "cache-control": "private, no-cache"},
    )


LOG_ROUTES: Final[list[HTTPRouteHandler]] = [get_job_log, get_job_log_text]
