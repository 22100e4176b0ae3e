"""The surfaces of the results services."""

from ninefold.core.clock import SystemClock
from ninefold.core.system import ServerContext
from ninefold.core.web.bodies import JsonRequest, RawRequest
from ninefold.core.web.surfaces import Surface
from ninefold.systems.workflows.results.artifact_service import artifact_routes
from ninefold.systems.workflows.results.cache_service import cache_routes
from ninefold.systems.workflows.results.contents import content_routes
from ninefold.systems.workflows.results.errors import show_azure_error, show_twirp_error
from ninefold.systems.workflows.results.server import ResultsServer, job_authentication
from ninefold.systems.workflows.service.results.addresses import BLOBS_PATH
from ninefold.systems.workflows.settings import WorkflowsSettings


def results_surfaces(context: ServerContext[WorkflowsSettings]) -> list[Surface]:
    """Return the surfaces."""
    server = ResultsServer(
        database=context.database,
        blobs=context.blobs,
        notifier=context.notifier,
        settings=context.settings,
        clock=SystemClock(),
    )
    return [
        Surface(
            path="/twirp",
            routes=[*artifact_routes(server), *cache_routes(server)],
            authenticate=job_authentication(context.database),
            request_class=JsonRequest,
            show_error=show_twirp_error,
        ),
        Surface(
            path=BLOBS_PATH,
            routes=content_routes(server),
            request_class=RawRequest,
            show_error=show_azure_error,
            has_own_methods=True,
        ),
    ]
