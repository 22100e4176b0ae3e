"""Removes what deleted repositories had."""

from typing import Final

from ninefold.core.jobs import JobHandler, JobRun
from ninefold.core.system import WorkerContext
from ninefold.systems.workflows.service.hosting.folders import RepositoryFolders
from ninefold.systems.workflows.service.removal import REMOVE_REPOSITORY, RemoveRepository
from ninefold.systems.workflows.settings import WorkflowsSettings


async def remove_repository(job: JobRun[RemoveRepository], context: WorkerContext[WorkflowsSettings]) -> None:
    """Remove the folder of a deleted repository. A repetition finds what is left."""
    await RepositoryFolders(context.settings.repositories_folder).remove(job.payload.repository_id)


REMOVE_REPOSITORY_HANDLER: Final = JobHandler(REMOVE_REPOSITORY, remove_repository)
