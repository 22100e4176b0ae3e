"""The HTTP routes for repositories and their owners."""

from typing import Annotated, Final
from uuid import UUID

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery

from ninefold.core.clock import Clock
from ninefold.core.ids import format_id
from ninefold.core.jobs import JOBS_CHANNEL, enqueue
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.problems import problem_responses
from ninefold.systems.workflows.model.repositories import REPOSITORY_PREFIX
from ninefold.systems.workflows.routes.repository_wire import (
    CreateRepository,
    OwnerView,
    RepositoryView,
    UpdateOwner,
    UpdateRepository,
    show_owner,
    show_repository,
)
from ninefold.systems.workflows.routes.wire import TAGS, RepositoryId
from ninefold.systems.workflows.service import repositories as service
from ninefold.systems.workflows.service.removal import REMOVE_REPOSITORY, RemoveRepository
from ninefold.systems.workflows.settings import WorkflowsSettings

REPOSITORIES_PATH: Final = "/api/v1/workflows/repositories"
REPOSITORY_PATH: Final = f"{REPOSITORIES_PATH}/{{repository_id:str}}"
_OWNER: Final = "/api/v1/workflows/owner"

_repository_list = PagedList("workflows_repositories", UUID)

FullName = Annotated[str, msgspec.Meta(description="Only the repository of this name, such as `kestrel-outdoor/site`.")]


@post(REPOSITORIES_PATH, tags=TAGS, status_code=201, responses=problem_responses(409))
async def create_repository(
    *,
    data: FromBody[CreateRepository],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    audit: NamedDependency[AuditEntry],
    workflows_settings: NamedDependency[WorkflowsSettings],
) -> RepositoryView:
    """Create a repository.

    It is empty until something is pushed to its `clone_url`.
    """
    async with database.transaction() as connection:
        repository = await service.create_repository(
            connection,
            organisation_id=principal.organisation_id,
            name=data.name,
            default_branch=data.default_branch,
            at=clock.now(),
        )
        audit.target_id = format_id(REPOSITORY_PREFIX, repository.repository_id)
    return show_repository(repository, server_url=workflows_settings.server_url)


@get(REPOSITORIES_PATH, tags=TAGS)
async def list_repositories(
    *,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    workflows_settings: NamedDependency[WorkflowsSettings],
    name: FromQuery[FullName | None] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[RepositoryView]:
    """List repositories.

    Oldest first.
    """
    query = _repository_list.query(cursor, limit)
    async with database.snapshot() as connection:
        if name is None:
            found = await service.list_repositories(
                connection, organisation_id=principal.organisation_id, after=query.position, limit=query.rows_max
            )
        else:
            only = await service.find_repository(connection, organisation_id=principal.organisation_id, name=name)
            found = [] if only is None else [only]
    return query.page(
        found,
        position_of=lambda each: each.repository_id,
        show=lambda each: show_repository(each, server_url=workflows_settings.server_url),
    )


@get(REPOSITORY_PATH, tags=TAGS)
async def get_repository(
    repository_id: FromPath[RepositoryId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    workflows_settings: NamedDependency[WorkflowsSettings],
) -> RepositoryView:
    """Show a repository."""
    async with database.snapshot() as connection:
        repository = await service.get_repository(
            connection, organisation_id=principal.organisation_id, repository_id=repository_id
        )
    return show_repository(repository, server_url=workflows_settings.server_url)


@patch(REPOSITORY_PATH, tags=TAGS, responses=problem_responses(409))
async def update_repository(
    *,
    repository_id: FromPath[RepositoryId],
    data: FromBody[UpdateRepository],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    workflows_settings: NamedDependency[WorkflowsSettings],
) -> RepositoryView:
    """Change a repository.

    What is absent stays as it is. With a new name, its `clone_url` is another one.
    """
    async with database.transaction() as connection:
        repository = await service.update_repository(
            connection,
            organisation_id=principal.organisation_id,
            repository_id=repository_id,
            changes=data.changes,
            at=clock.now(),
        )
    return show_repository(repository, server_url=workflows_settings.server_url)


@delete(REPOSITORY_PATH, tags=TAGS)
async def delete_repository(
    repository_id: FromPath[RepositoryId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
    notifier: NamedDependency[Notifier],
) -> None:
    """Delete a repository.

    Nobody can fetch from it any more. A job removes its commits; this can't be undone.
    """
    async with database.transaction() as connection:
        await service.delete_repository(
            connection, organisation_id=principal.organisation_id, repository_id=repository_id, at=clock.now()
        )
        await enqueue(
            connection,
            REMOVE_REPOSITORY,
            RemoveRepository(repository_id=repository_id),
            organisation_id=principal.organisation_id,
        )
    notifier.notify(JOBS_CHANNEL)


@get(_OWNER, tags=TAGS)
async def get_owner(principal: NamedDependency[Principal], database: NamedDependency[Database]) -> OwnerView:
    """Show the owner.

    Its `slug` is the first part of the full names of all repositories of the organisation.
    """
    async with database.transaction() as connection:
        owner = await service.ensure_owner(connection, organisation_id=principal.organisation_id)
    return show_owner(owner)


@patch(_OWNER, tags=TAGS, responses=problem_responses(409))
async def update_owner(
    data: FromBody[UpdateOwner],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    audit: NamedDependency[AuditEntry],
) -> OwnerView:
    """Change the owner.

    The `clone_url` of each repository changes with it.
    """
    async with database.transaction() as connection:
        owner = await service.update_owner(connection, organisation_id=principal.organisation_id, slug=data.slug)
        audit.target_id = format_id("org", principal.organisation_id)
    return show_owner(owner)


REPOSITORY_ROUTES: Final[list[HTTPRouteHandler]] = [
    create_repository,
    list_repositories,
    get_repository,
    update_repository,
    delete_repository,
    get_owner,
    update_owner,
]
