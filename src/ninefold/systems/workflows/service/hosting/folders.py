"""The folders of bare repositories: one for each, named by its id, so that a new name moves nothing."""

import asyncio
import shutil
from pathlib import Path
from typing import Final
from uuid import UUID

from ninefold.core.ids import format_id, new_id
from ninefold.systems.workflows.errors import GitFailedError
from ninefold.systems.workflows.model.repositories import BRANCHES, REPOSITORY_PREFIX, Repository
from ninefold.systems.workflows.service.hosting.programs import run_git

REFS_BYTES_MAX: Final = 64 * 1024 * 1024
"""Of a list of all refs: some 500,000."""


class RepositoryFolders:
    """Where the bare repositories of an installation are.

    Args:
        root: the folder that has them all.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, repository_id: UUID) -> Path:
        """Return the folder of a repository, which may not exist yet."""
        name = format_id(REPOSITORY_PREFIX, repository_id)
        # The last characters are random, so the folders share them evenly.
        return self._root / name[-2:] / f"{name}.git"

    async def open(self, repository: Repository) -> Path:
        """Return the folder of a repository with its default branch; it is created the first time.

        Raises:
            GitFailedError: it can't be created.
        """
        folder = self.path(repository.repository_id)
        head = f"ref: {BRANCHES}{repository.default_branch}"
        try:
            current = (folder / "HEAD").read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            await self._create(folder, repository.default_branch)
        except OSError as error:
            raise _unusable(folder, error) from error
        else:
            if current != head:
                await run_git(folder, "symbolic-ref", "HEAD", f"{BRANCHES}{repository.default_branch}")
        return folder

    async def remove(self, repository_id: UUID) -> None:
        """Remove the folder of a repository; it may be gone already."""
        folder = self.path(repository_id)
        await asyncio.to_thread(_remove_tree, folder)

    async def _create(self, folder: Path, default_branch: str) -> None:
        made = folder.with_name(f"{folder.name}.{new_id().hex}.new")
        try:
            await asyncio.to_thread(made.mkdir, parents=True, mode=0o700)
            await run_git(
                made, "init", "--quiet", "--bare", "--template=", f"--initial-branch={default_branch}", str(made)
            )
            await asyncio.to_thread(_move, made, folder)
        except OSError as error:
            raise _unusable(folder, error) from error
        finally:
            await asyncio.to_thread(_remove_tree, made)


async def read_refs(folder: Path) -> dict[str, str]:
    """Return the branches, tags and other refs of a repository that clients can see, with their objects.

    Raises:
        GitFailedError: git can't read them.
    """
    output = await run_git(folder, "for-each-ref", "--format=%(objectname) %(refname)", output_bytes_max=REFS_BYTES_MAX)
    pairs = (line.split(" ", 1) for line in output.decode(errors="backslashreplace").splitlines())
    return {name: sha for sha, name in pairs if not name.startswith("refs/ninefold/")}


def _move(made: Path, folder: Path) -> None:
    try:
        made.rename(folder)
    except OSError:
        # Another request may have been faster; its folder isn't empty, and stays.
        if not folder.exists():
            raise


def _remove_tree(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _unusable(folder: Path, error: OSError) -> GitFailedError:
    return GitFailedError(
        f"The folder {folder.parent} of repositories can't be used: {error.strerror}.",
        remedy="Let the user of the server write there, or set NINEFOLD_WORKFLOWS_REPOSITORIES.",
    )
