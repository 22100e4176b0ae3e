"""The repository on this machine whose workflows are run, with what isn't committed yet."""

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from ninefold.core.errors import InvalidInputError

_NAME: Final = re.compile(r"[:/](?P<owner>[A-Za-z0-9_.-]+)/(?P<repository>[A-Za-z0-9_.-]+?)(?:\.git)?/?$")
_IDENTITY: Final = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in (("NAME", "ninefold"), ("EMAIL", "ninefold@localhost"))
}


class LocalRepository(msgspec.Struct, frozen=True, kw_only=True):
    """A repository, and the commit that workflows are run for."""

    root: Path
    """The folder of the checkout."""
    git_folder: Path
    name: str
    """`<owner>/<repository>`, from the remote `origin` if there is one."""
    branch: str
    head: str
    """The last commit; zeros if there is none."""
    sha: str
    """A commit with the files as they are now."""
    environment: Mapping[str, str]
    """With which git finds that commit: its objects are outside the repository."""


def open_repository(folder: Path, objects: Path) -> LocalRepository:
    """Open the repository that a folder is in, and make a commit of its files as they are now.

    Files that git ignores aren't in it. Nothing in the repository is changed.

    Args:
        folder: any folder of the checkout.
        objects: an empty folder for the objects of that commit.

    Raises:
        InvalidInputError: the folder isn't in a checkout of a git repository, or there is no git.
    """
    root = Path(_git(folder, "rev-parse", "--show-toplevel"))
    git_folder = Path(_git(folder, "rev-parse", "--absolute-git-dir"))
    common = Path(_git(folder, "rev-parse", "--path-format=absolute", "--git-common-dir"))
    environment = {
        **_IDENTITY,
        "GIT_OBJECT_DIRECTORY": str(objects),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(common / "objects"),
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
        "GIT_CONFIG_KEY_1": "uploadpack.allowAnySHA1InWant",
        "GIT_CONFIG_VALUE_1": "true",
    }
    head = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD", is_optional=True)
    return LocalRepository(
        root=root,
        git_folder=git_folder,
        name=_name(folder, root),
        branch=_git(folder, "symbolic-ref", "--quiet", "--short", "HEAD", is_optional=True) or "main",
        head=head or "0" * 40,
        sha=_commit_files(root, head, environment),
        environment=environment,
    )


def _commit_files(root: Path, head: str, environment: Mapping[str, str]) -> str:
    """Return a commit with the files as they are now; HEAD if nothing was changed."""
    with tempfile.TemporaryDirectory(prefix="ninefold-index-") as folder:
        with_index = {**environment, "GIT_INDEX_FILE": f"{folder}/index"}
        if head:
            _git(root, "read-tree", "HEAD", environment=with_index)
        _git(root, "add", "--all", environment=with_index)
        tree = _git(root, "write-tree", environment=with_index)
    if head and tree == _git(root, "rev-parse", "HEAD^{tree}"):
        return head
    parents = ["-p", head] if head else []
    return _git(root, "commit-tree", tree, *parents, "-m", "Files that aren't committed yet", environment=environment)


def _name(folder: Path, root: Path) -> str:
    match = _NAME.search(_git(folder, "config", "--get", "remote.origin.url", is_optional=True))
    return f"{match['owner']}/{match['repository']}" if match else f"local/{root.name}"


def _git(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None, is_optional: bool = False) -> str:
    try:
        result = subprocess.run(  # noqa: S603 - the arguments are ours.
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the git of this machine.
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise InvalidInputError("Workflows are run from a git repository, and git isn't installed.") from error
    if result.returncode and not is_optional:
        raise InvalidInputError(
            f"git {arguments[0]} failed in {folder}: {result.stderr.strip()}",
            remedy="Run the command in a checkout of a git repository.",
        )
    return result.stdout.strip() if not result.returncode else ""
