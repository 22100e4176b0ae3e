"""Runs git for the action `checkout`."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ninefold.systems.workflows.execution.built_in.toolkit import ActionFailedError, say

ATTEMPTS_MAX: Final = 3
"""How often something is fetched before the step fails."""

_PAUSE_S: Final = 2.0

_REFUSALS: Final = ("could not read Username", "Authentication failed", "The requested URL returned error: 403")
"""What git says if it needs another password."""

_ENVIRONMENT: Final = {"GIT_TERMINAL_PROMPT": "0", "GCM_INTERACTIVE": "Never", "GIT_LFS_SKIP_SMUDGE": "1"}


class Git:
    """Git in one folder.

    Args:
        folder: the folder, which git accepts also if another user owns it.
        credentials: a file with configuration for the server.
    """

    def __init__(self, folder: Path, credentials: Path | None = None) -> None:
        self.folder = folder
        self._options = ["-c", f"safe.directory={folder}", "-c", "protocol.version=2"]
        if credentials is not None:
            self._options += ["-c", f"include.path={credentials}"]

    def run(self, *arguments: str) -> None:
        """Run a command, which is shown in the log with its output.

        Raises:
            ActionFailedError: it fails.
        """
        say(f"[command]git {' '.join(arguments)}")
        code = self._start(arguments, is_captured=False).returncode
        if code:
            raise ActionFailedError(f"git {arguments[0]} failed with exit code {code}.")

    def output(self, *arguments: str) -> str:
        """Return the output of a command.

        Raises:
            ActionFailedError: it fails; the message has what git says.
        """
        result = self._start(arguments, is_captured=True)
        if result.returncode:
            raise ActionFailedError(f"git {arguments[0]} failed: {result.stderr.strip()}")
        return result.stdout.strip()

    def succeeds(self, *arguments: str) -> bool:
        """Return whether a command succeeds; its output is thrown away."""
        return self._start(arguments, is_captured=True).returncode == 0

    def fetch(self, *arguments: str) -> None:
        """Fetch, again if it fails, since a server can be starting.

        Raises:
            ActionFailedError: it fails each time, or the server doesn't accept the token.
        """
        for attempt in range(1, ATTEMPTS_MAX + 1):
            say(f"[command]git fetch {' '.join(arguments)}")
            result = self._start(["fetch", *arguments], is_captured=True)
            for line in (result.stdout + result.stderr).splitlines():
                say(line)
            if result.returncode == 0:
                return
            if any(sign in result.stderr for sign in _REFUSALS):
                raise ActionFailedError("The server doesn't accept the token, or it isn't for this repository.")
            if attempt < ATTEMPTS_MAX:
                say(f"Fetching again in {attempt * _PAUSE_S:g} s.")
                time.sleep(attempt * _PAUSE_S)
        raise ActionFailedError(f"git fetch failed with exit code {result.returncode}.")

    def _start(self, arguments: Sequence[str], *, is_captured: bool) -> "subprocess.CompletedProcess[str]":
        try:
            return subprocess.run(  # noqa: S603 - git gets a list of arguments, and names are checked before.
                ["git", *self._options, "-C", str(self.folder), *arguments],  # noqa: S607 - the git of this machine.
                env=_environment(),
                stdin=subprocess.DEVNULL,
                capture_output=is_captured,
                text=True,
                errors="replace",
                check=False,
            )
        except FileNotFoundError as error:
            raise ActionFailedError("The action needs git, which isn't installed where the job runs.") from error


def _environment() -> Mapping[str, str]:
    # Git's own variables would make it work on another repository, as they are set where a hook of git runs this.
    kept = {name: value for name, value in os.environ.items() if name not in {"GIT_DIR", "GIT_WORK_TREE"}}
    return {**kept, **_ENVIRONMENT}
