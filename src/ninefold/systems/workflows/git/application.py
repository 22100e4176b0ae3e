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
from ninefold.systems.workflows.git.callers import authenticate, name_of
from ninefold.systems.workflows.git.exchange import advertise, answer_fetch
from ninefold.systems.workflows.git.receiving import PushReceiver
from ninefold.systems.workflows.git.requests import ROUTE, GitRequest, read_request
from ninefold.systems.workflows.git.slots import GitSlots
from ninefold.systems.workflows.model.repositories import Repository
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
        principal = await authenticate(self._database, given["headers"])
        structlog.contextvars.bind_contextvars(organisation_id=format_id("org", principal.organisation_id))
        request = read_request(given)
        _require(principal, request)
        repository = await self._find(principal, request)
        async with self._slots.slot(principal.organisation_id):
            try:
                await self._answer(request, repository, principal, receive, send)
            except ClientGoneError:
                return

    async def _answer(
        self, request: GitRequest, repository: Repository, principal: Principal, receive: Receive, send: Send
    ) -> None:
        folder = await self._folders.open(repository)
        if request.is_advertisement:
            await advertise(folder, request, send, self._settings)
        elif request.is_push:
            await self._receiver.receive(
                folder, request, receive, send, repository=repository, pushed_by=name_of(principal)
            )
        else:
            await answer_fetch(folder, request, receive, send, self._settings)

    async def _find(self, principal: Principal, request: GitRequest) -> Repository:
        async with self._database.connection() as connection:
            repository = await find_repository(
                connection, organisation_id=principal.organisation_id, name=f"{request.owner}/{request.name}"
            )
        if repository is None:
            raise RepositoryNotFoundError(
                f"Your organisation has no repository {request.owner}/{request.name}.",
                remedy=f"Create it first: ninefold workflows repositories create {request.name}",
            )
        return repository


def _require(principal: Principal, request: GitRequest) -> None:
    scope = WRITE if request.is_push else READ
    if not principal.allows(scope):
        raise ForbiddenError(
            f"This needs the permission {scope}, which the credential doesn't have.",
            remedy="Use another API key, or ask an admin of the organisation.",
        )
