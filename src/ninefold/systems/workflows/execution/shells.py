"""The command lines of shells, as GitHub's runner has them (`Runner.Worker/Handlers/ScriptHandlerHelpers.cs`)."""

import shlex
import shutil
from typing import Final

import msgspec

from ninefold.systems.workflows.execution.errors import ShellError

_ARGUMENTS: Final = {
    "bash": "--noprofile --norc -e -o pipefail {0}",
    "sh": "-e {0}",
    "python": "{0}",
    "pwsh": "-command \". '{0}'\"",
    "powershell": "-command \". '{0}'\"",
}
_EXTENSIONS: Final = {"bash": ".sh", "sh": ".sh", "python": ".py", "pwsh": ".ps1", "powershell": ".ps1"}
_POWERSHELLS: Final = frozenset({"pwsh", "powershell"})
_REMEDIES: Final = {
    "pwsh": "Install PowerShell on the runner, or use `shell: bash`.",
    "powershell": "It only exists on Windows; use `shell: bash`, or `shell: pwsh` where PowerShell is installed.",
    "cmd": "It only exists on Windows; use `shell: bash`.",
}


class Shell(msgspec.Struct, frozen=True):
    """How a script is run."""

    name: str
    path: str
    arguments: str
    """With `{0}` for the path of the script."""

    @property
    def extension(self) -> str:
        """The end of the script's file name."""
        return _EXTENSIONS.get(self.name, "")

    @property
    def command_line(self) -> str:
        """What the log shows."""
        return f"{self.path} {self.arguments}"

    def argv(self, script_path: str) -> list[str]:
        """Return the program and its arguments.

        Only double quotes group, as in .NET, and so in GitHub's runner.

        Raises:
            ShellError: a quote isn't closed.
        """
        splitter = shlex.shlex(self.arguments, posix=True, punctuation_chars=False)
        splitter.whitespace_split = True
        splitter.quotes = '"'
        splitter.commenters = ""
        try:
            return [self.path, *[part.replace("{0}", script_path) for part in splitter]]
        except ValueError as error:
            raise ShellError(f"Invalid shell option '{self.name} {self.arguments}': {error}") from error

    def contents(self, script: str) -> str:
        """Return what the script's file contains."""
        if self.name not in _POWERSHELLS:
            return script
        end = r"if ((Test-Path -LiteralPath variable:\LASTEXITCODE)) { exit $LASTEXITCODE }"
        return f"$ErrorActionPreference = 'stop'\n{script}\n{end}"


def find_shell(option: str | None, *, search_path: str) -> Shell:
    """Return the shell for an option such as `bash` or `perl {0}`, or the default one.

    Args:
        option: the value of `shell`. Without one, it is bash with the options of `sh`, or `sh` if there is no bash.
        search_path: the `PATH` to look for it in.

    Raises:
        ShellError: the shell isn't installed, or has no `{0}`.
    """
    if not option:
        path = shutil.which("bash", path=search_path) or _which("sh", search_path)
        return Shell("sh", path, _ARGUMENTS["sh"])
    name, _, arguments = option.partition(" ")
    path = _which(name, search_path)
    arguments = arguments.lstrip() or _ARGUMENTS.get(name, "")
    if "{0}" not in arguments:
        raise ShellError(
            "Invalid shell option. Shell must be a valid built-in (bash, sh, cmd, powershell, pwsh) or a format string "
            "containing '{0}'"
        )
    return Shell(name, path, arguments)


def _which(name: str, search_path: str) -> str:
    path = shutil.which(name, path=search_path)
    if path is None and name == "python":
        # Debian has no `python`, GitHub's machines have.
        path = shutil.which("python3", path=search_path)
    if path is None:
        remedy = _REMEDIES.get(name, "Install it on the runner, or use another shell.")
        raise ShellError(f"{name}: command not found. {remedy}")
    return path
