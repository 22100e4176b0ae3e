"""Erases an organisation from workflows. Jobs in progress end: their runners are refused from then on."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from ninefold.core.erasure import Erased, SchemaErasure
from ninefold.core.ids import format_id
from ninefold.core.jobs import enqueue_unique
from ninefold.core.postgres.database import Database
from ninefold.systems.workflows.model.repositories import REPOSITORY_PREFIX
from ninefold.systems.workflows.service.removal import REMOVE_REPOSITORY, RemoveRepository
from ninefold.systems.workflows.store.repositories import repository_list_all

_ROWS: Final = SchemaErasure(schema="workflows", kept=("reachability",))


async def erase(database: Database, *, organisation_id: UUID, check: Callable[[], None]) -> Erased:
    """See `EraseOrganisation`. The folders of repositories are removed by jobs of the installation, soon after."""
    async with database.transaction() as connection:
        for repository_id in await repository_list_all(connection, organisation_id=organisation_id):
            await enqueue_unique(
                connection,
                REMOVE_REPOSITORY,
                RemoveRepository(repository_id=repository_id),
                organisation_id=None,
                key=format_id(REPOSITORY_PREFIX, repository_id),
            )
    return await _ROWS(database, organisation_id=organisation_id, check=check)
