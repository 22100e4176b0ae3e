"""Git clients of Ninefold's own repositories, for tests."""

import asyncio
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from git_http_servers import IDENTITY, git, make_repository
from http_api import Api, Json
from ninefold.core.ids import parse_id
from ninefold.systems.workflows.model.repositories import REPOSITORY_PREFIX
from ninefold.systems.workflows.service.hosting.folders import RepositoryFolders

WITHIN_S = 60.0


class GitResult(NamedTuple):
    """What git has said."""

    exit_code: int
    output: str
    errors: str


def clone_url(base_url: str, full_name: str, password: str, *, user: str = "x") -> str:
    """Return the address of a repository at a server, with a password in it."""
    parts = urlsplit(base_url)
    return f"{parts.scheme}://{user}:{quote(password)}@{parts.netloc}/git/{full_name}.git"


async def git_client(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> GitResult:
    """Run git as a user does, while the event loop goes on."""
    settings = {**os.environ, **IDENTITY, "GIT_TERMINAL_PROMPT": "0", "HOME": str(folder), **(environment or {})}
    process = await asyncio.create_subprocess_exec(
        "git", "-C", str(folder), *arguments, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    async with asyncio.timeout(WITHIN_S):
        output, errors = await process.communicate()
    assert process.returncode is not None
    return GitResult(process.returncode, output.decode().strip(), errors.decode())


async def git_done(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """Run git, which must succeed; return its output."""
    result = await git_client(folder, *arguments, environment=environment)
    assert result.exit_code == 0, result.errors
    return result.output


async def create_repository(api: Api, name: str = "storefront") -> Json:
    """Create a repository."""
    return await api.done("POST", "/workflows/repositories", json={"name": name})


def make_hosted(root: Path, repository_id: str, files: dict[str, str]) -> str:
    """Put a commit into the folder of a repository of a server, as a push does; return its SHA."""
    folder = RepositoryFolders(root).path(parse_id(REPOSITORY_PREFIX, repository_id))
    source = folder.with_suffix(".source")
    sha = make_repository(source, files)
    git(source, "clone", "-q", "--bare", str(source), str(folder))
    return sha
