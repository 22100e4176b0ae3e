"""Opens the files of hosted repositories, also those that workflows of others call."""

from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.model.repositories import Repository
from ninefold.systems.workflows.service.hosting.files import HostedFiles
from ninefold.systems.workflows.service.hosting.folders import RepositoryFolders
from ninefold.systems.workflows.service.repositories import find_repository


async def open_files(connection: Connection, folders: RepositoryFolders, repository: Repository) -> HostedFiles:
    """Return the files of a repository. They can be read as long as the connection is open.

    Raises:
        GitFailedError: its folder can't be used.
    """

    async def find_other(full_name: str) -> HostedFiles | None:
        return await find_files(connection, folders, full_name, organisation_id=repository.organisation_id)

    folder = await folders.open(repository)
    return HostedFiles(folder, default_branch=repository.default_branch, find_other=find_other)


async def find_files(
    connection: Connection, folders: RepositoryFolders, full_name: str, *, organisation_id: UUID
) -> HostedFiles | None:
    """Return the files of a repository of an organisation, by `owner/name`; None if there is none."""
    found = await find_repository(connection, organisation_id=organisation_id, name=full_name)
    return None if found is None else await open_files(connection, folders, found)
