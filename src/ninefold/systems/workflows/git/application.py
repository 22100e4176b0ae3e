"""The ASGI application of git over HTTP: who asks, for which repository, and the program git that answers."""

from typing import Any

import structlog
from litestar.types import Receive, Scope, Send

from ninefold.core.clock import Clock
from ninefold.core.errors import ForbiddenError
from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import Principal
from ninefold.core.tenancy.roles import READ, WRITE
from ninefold.systems.workflows.errors import RepositoryNotFoundError
from ninefold.systems.workflows.git.bodies import ClientGoneError
from ninefold.systems.workflows.git.callers import authenticate
from ninefold.systems.workflows.git.exchange import advertise, answer_fetch
from ninefold.systems.workflows.git.receiving import PushReceiver
from ninefold.systems.workflows.git.requests import ROUTE, GitRequest, read_request
from ninefold.systems.workflows.git.slots import GitSlots
from ninefold.systems.workflows.model.repositories import Repository
from ninefold.systems.workflows.model.results import JobCaller
from ninefold.systems.workflows.service.actors import actor_of
from ninefold.systems.workflows.service.hosting.folders import RepositoryFolders
from ninefold.systems.workflows.service.repositories import find_repository
from ninefold.systems.workflows.settings import WorkflowsSettings


class GitApplication:
    """Answers git clients.

    Args:
        database: where repositories and pushes are recorded.
        notifier: tells workers about pushes.
        settings: the limits.
        clock: the time.
    """

    def __init__(self, database: Database, notifier: Notifier, settings: WorkflowsSettings, clock: Clock) -> None:
        self._database = database
        self._settings = settings
        self._folders = RepositoryFolders(settings.repositories_folder)
        self._receiver = PushReceiver(database, notifier, self._folders, settings, clock)
        self._slots = GitSlots(
            requests_max=settings.git_requests_max,
            organisation_requests_max=settings.git_organisation_requests_max,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request.

        Raises:
            UnauthorizedError: it has no valid credential.
            ForbiddenError: the credential doesn't allow it.
            RepositoryNotFoundError: the organisation of the credential has no such repository.
            InvalidGitRequestError: it isn't one of the smart protocol.
            GitBodyTooLargeError: a push is too large.
            GitBusyError: there are too many requests at once.
            GitFailedError: git fails.
        """
        # Any, because the framework's scope is typed for its own needs.
        given: Any = scope
        given["path_template"] = ROUTE
        caller = await authenticate(self._database, given["headers"])
        structlog.contextvars.bind_contextvars(organisation_id=format_id("org", caller.organisation_id))
        request = read_request(given)
        _require(caller, request)
        repository = await self._find(caller, request)
        async with self._slots.slot(caller.organisation_id):
            try:
                await self._answer(request, repository, caller, receive, send)
            except ClientGoneError:
                return

    async def _answer(
        self, request: GitRequest, repository: Repository, caller: Principal | JobCaller, receive: Receive, send: Send
    ) -> None:
        folder = await self._folders.open(repository)
        if request.is_advertisement:
            await advertise(folder, request, send, self._settings)
        elif request.is_push:
            assert isinstance(caller, Principal), "jobs only read"
            async with self._database.connection() as connection:
                pushed_by = await actor_of(connection, caller)
            await self._receiver.receive(folder, request, receive, send, repository=repository, pushed_by=pushed_by)
        else:
            await answer_fetch(folder, request, receive, send, self._settings)

    async def _find(self, caller: Principal | JobCaller, request: GitRequest) -> Repository:
        async with self._database.connection() as connection:
            repository = await find_repository(
                connection, organisation_id=caller.organisation_id, name=f"{request.owner}/{request.name}"
            )
        if repository is None or not _may_see(caller, repository):
            raise RepositoryNotFoundError(
                f"Your organisation has no repository {request.owner}/{request.name}.",
                remedy=f"Create it first: ninefold workflows repositories create {request.name}",
            )
        return repository


def _require(caller: Principal | JobCaller, request: GitRequest) -> None:
    scope = WRITE if request.is_push else READ
    is_allowed = not request.is_push if isinstance(caller, JobCaller) else caller.allows(scope)
    if not is_allowed:
        raise ForbiddenError(
            f"This needs the permission {scope}, which the credential doesn't have.",
            remedy="Use another API key, or ask an admin of the organisation.",
        )


def _may_see(caller: Principal | JobCaller, repository: Repository) -> bool:
    """Return whether it isn't hidden: code from a fork sees its own repository only."""
    if isinstance(caller, JobCaller) and caller.is_from_fork:
        return repository.repository_id == caller.repository_id
    return True
