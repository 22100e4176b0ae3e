"""The project as a git repository of the demo, which is pushed by the program git."""

import asyncio
import base64
import os
import shutil
from pathlib import Path
from typing import Final

from ninefold.core.errors import NinefoldError
from ninefold.edge.demo.workflows.expected import PROJECT

BRANCH: Final = "main"
PUSH_WITHIN_S: Final = 30.0

_IDENTITY: Final = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in (("NAME", "Ninefold demo"), ("EMAIL", "demo@ninefold.invalid"))
}


class GitError(NinefoldError):
    """A command of git failed."""

    code = "demo_git_failed"
    title = "Git failed"


class Repository:
    """A folder with the project.

    Args:
        folder: a folder that doesn't exist yet.
        url: where it is pushed.
        api_key: for the server.
    """

    def __init__(self, folder: Path, *, url: str, api_key: str) -> None:
        self._folder: Final = folder
        credentials = base64.b64encode(f"demo:{api_key}".encode()).decode()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        # Without the settings of the user, and with the key where the list of processes doesn't show it.
        self._environment: Final = {
            **inherited,
            **_IDENTITY,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {credentials}",
            "no_proxy": "127.0.0.1,localhost",
        }
        self._url: Final = url

    async def push(self) -> str:
        """Commit the project and push it; return the SHA of the commit."""
        await asyncio.to_thread(
            shutil.copytree, PROJECT, self._folder, ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
        )
        await self._git("init", "--quiet", f"--initial-branch={BRANCH}")
        await self._git("add", "--all")
        await self._git("commit", "--quiet", "--message", "Prices of parcels")
        await self._git("push", "--quiet", self._url, BRANCH)
        return await self._git("rev-parse", "HEAD")

    async def push_tag(self, name: str) -> None:
        """Push a tag of the commit."""
        await self._git("tag", name)
        await self._git("push", "--quiet", self._url, f"refs/tags/{name}")

    async def _git(self, *arguments: str) -> str:
        try:
            process = await asyncio.create_subprocess_exec(
                "git",
                *arguments,
                cwd=self._folder,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        except FileNotFoundError as error:
            raise GitError("The demo pushes with git, which isn't installed.", remedy="Install git.") from error
        try:
            output, errors = await asyncio.wait_for(process.communicate(), PUSH_WITHIN_S)
        except TimeoutError as error:
            process.kill()
            raise GitError(f"git {arguments[0]} took longer than {PUSH_WITHIN_S:.0f} s.") from error
        if process.returncode:
            raise GitError(f"git {arguments[0]} failed: {errors.decode(errors='replace').strip()}")
        return output.decode().strip()
