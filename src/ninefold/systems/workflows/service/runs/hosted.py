"""The port `RepositoryFiles` on the repositories that this installation hosts."""

from collections.abc import Sequence

from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.model.repositories import NO_SHA, Repository
from ninefold.systems.workflows.service.hosting.files import HostedFiles
from ninefold.systems.workflows.service.hosting.folders import RepositoryFolders
from ninefold.systems.workflows.service.repositories import find_repository


class HostedRepositoryFiles:
    """The contents of a hosted repository, and those of others of its organisation.

    Args:
        connection: for other repositories.
        folders: where repositories are.
        repository: the repository.
    """

    def __init__(self, connection: Connection, folders: RepositoryFolders, repository: Repository) -> None:
        self._connection = connection
        self._folders = folders
        self._repository = repository

    async def list_files(self, sha: str, folder: str) -> Sequence[str]:
        """Return the paths of the files directly in a folder of a commit."""
        return await (await self._files()).list_files(sha, folder)

    async def read_file(self, sha: str, path: str) -> bytes | None:
        """Return the contents of a file of a commit."""
        return await (await self._files()).read_file(sha, path)

    async def changed_paths(self, before: str, after: str) -> Sequence[str] | None:
        """Return the paths that differ between two commits."""
        return await (await self._files()).changed_paths(before or NO_SHA, after)

    async def resolve(self, ref: str) -> str | None:
        """Return the commit of a branch, a tag or a SHA."""
        return await (await self._files()).resolve(ref)

    async def other(self, full_name: str) -> "HostedRepositoryFiles | None":
        """Return another repository of the same organisation."""
        found = await find_repository(
            self._connection, organisation_id=self._repository.organisation_id, name=full_name
        )
        return None if found is None else HostedRepositoryFiles(self._connection, self._folders, found)

    async def _files(self) -> HostedFiles:
        folder = await self._folders.open(self._repository)
        return HostedFiles(folder, default_branch=self._repository.default_branch)
