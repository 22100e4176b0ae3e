"""What the results services use, and on whose behalf a request acts."""

from typing import Any, Final

import msgspec
from litestar import Request

from ninefold.core.blobs import Blobs
from ninefold.core.clock import Clock
from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.errors import CredentialMissingError
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.surfaces import Authenticate, Connection
from ninefold.systems.workflows.errors import ResultsForbiddenError
from ninefold.systems.workflows.model.results import JobCaller
from ninefold.systems.workflows.model.runs import RUN_PREFIX
from ninefold.systems.workflows.service.tokens import find_job
from ninefold.systems.workflows.settings import WorkflowsSettings

_STATE_KEY: Final = "workflows_job"


class ResultsServer(msgspec.Struct, frozen=True, kw_only=True):
    """What the results services use."""

    database: Database
    blobs: Blobs
    notifier: Notifier
    settings: WorkflowsSettings
    clock: Clock


def job_authentication(database: Database) -> Authenticate:
    """Return the function that authenticates by the token of a job that runs."""

    async def authenticate(connection: Connection) -> Principal:
        scheme, _, text = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not text.strip():
            raise CredentialMissingError(
                "The request has no token of a job.", remedy="Send ACTIONS_RUNTIME_TOKEN as `Authorization: Bearer …`."
            )
        async with database.connection() as database_connection:
            caller = await find_job(database_connection, text.strip())
        connection.scope["state"][_STATE_KEY] = caller
        # Without scopes, so that it is allowed nothing else.
        return Principal(
            organisation_id=caller.organisation_id,
            account_id=None,
            scopes=frozenset(),
            credential_id=caller.job_id,
        )

    return authenticate


# Any, because the request's state is untyped.
def caller_of(request: Request[Any, Any, Any], *, run: str | None = None) -> JobCaller:
    """Return the job that a request is of.

    Raises:
        ResultsForbiddenError: it names another run.
    """
    caller: JobCaller = request.scope["state"][_STATE_KEY]
    if run is not None and run != format_id(RUN_PREFIX, caller.run_id):
        raise ResultsForbiddenError(
            "The token is of another run.", remedy="Use the ids in ACTIONS_RUNTIME_TOKEN of the job."
        )
    return caller


def base_url_of(request: Request[Any, Any, Any]) -> str:
    """Return the address by which the job reaches this server, which its relay may have named."""
    named = request.headers.get("x-ninefold-host")
    if named:
        # A runner's relay, which serves plain HTTP inside, whatever this server does.
        return f"http://{named}"
    host = request.headers.get("host", "")
    return f"{request.scope['scheme']}://{host}"
