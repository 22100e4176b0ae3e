"""Removes what deleted repositories had."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final
from uuid import UUID

from ninefold.core.jobs import JobHandler, JobRun
from ninefold.core.postgres.database import Connection
from ninefold.core.system import WorkerContext
from ninefold.systems.workflows.service.hosting.folders import RepositoryFolders
from ninefold.systems.workflows.service.removal import REMOVE_REPOSITORY, RemoveRepository
from ninefold.systems.workflows.service.results.artifacts import delete_artifacts
from ninefold.systems.workflows.service.results.caches import delete_caches
from ninefold.systems.workflows.settings import WorkflowsSettings
from ninefold.systems.workflows.store.artifacts import artifact_list_of_repository
from ninefold.systems.workflows.store.caches import cache_entry_list_of_repository

BATCH: Final = 100
"""Rows that one transaction deletes."""


async def remove_repository(job: JobRun[RemoveRepository], context: WorkerContext[WorkflowsSettings]) -> None:
    """Remove the folder, the artifacts and the caches of a deleted repository. A repetition finds what is left."""
    await RepositoryFolders(context.settings.repositories_folder).remove(job.payload.repository_id)
    for delete_batch in (_delete_artifacts, _delete_caches):
        while await _run_batch(job, context, delete_batch) == BATCH:
            pass


async def _run_batch(
    job: JobRun[RemoveRepository],
    context: WorkerContext[WorkflowsSettings],
    delete_batch: Callable[[Connection, UUID, datetime], Awaitable[int]],
) -> int:
    job.check()
    async with context.database.transaction() as connection:
        return await delete_batch(connection, job.payload.repository_id, context.clock.now())


async def _delete_artifacts(connection: Connection, repository_id: UUID, at: datetime) -> int:
    found = await artifact_list_of_repository(connection, repository_id=repository_id, limit=BATCH)
    await delete_artifacts(connection, found, at=at)
    return len(found)


async def _delete_caches(connection: Connection, repository_id: UUID, at: datetime) -> int:
    found = await cache_entry_list_of_repository(connection, repository_id=repository_id, limit=BATCH)
    await delete_caches(connection, [cache_entry_id for cache_entry_id, _ in found], at=at)
    return len(found)


REMOVE_REPOSITORY_HANDLER: Final = JobHandler(REMOVE_REPOSITORY, remove_repository)
