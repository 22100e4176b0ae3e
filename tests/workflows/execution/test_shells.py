from pathlib import Path

import pytest

from ninefold.systems.workflows.execution.errors import ShellError
from ninefold.systems.workflows.execution.shells import find_shell


@pytest.fixture
def search_path(tmp_path: Path) -> str:
    for name in ("bash", "sh", "python", "perl", "pwsh"):
        (tmp_path / name).touch(mode=0o755)
    return str(tmp_path)


@pytest.mark.parametrize(
    ("option", "program", "arguments", "extension"),
    [
        (None, "bash", ["-e", "/t/x"], ".sh"),
        ("", "bash", ["-e", "/t/x"], ".sh"),
        ("bash", "bash", ["--noprofile", "--norc", "-e", "-o", "pipefail", "/t/x"], ".sh"),
        ("sh", "sh", ["-e", "/t/x"], ".sh"),
        ("python", "python", ["/t/x"], ".py"),
        ("pwsh", "pwsh", ["-command", ". '/t/x'"], ".ps1"),
        ("perl {0}", "perl", ["/t/x"], ""),
        ("bash -el {0}", "bash", ["-el", "/t/x"], ".sh"),
        ('perl -e "a \'b\' \\"c\\"" -- {0}.pl', "perl", ["-e", "a 'b' \"c\"", "--", "/t/x.pl"], ""),
    ],
)
def test_command_lines(
    search_path: str, option: str | None, program: str, arguments: list[str], extension: str
) -> None:
    shell = find_shell(option, search_path=search_path)
    assert shell.argv("/t/x") == [f"{search_path}/{program}", *arguments]
    assert shell.extension == extension


def test_without_bash_the_default_is_sh(search_path: str) -> None:
    Path(search_path, "bash").unlink()
    assert find_shell(None, search_path=search_path).argv("/t/x") == [f"{search_path}/sh", "-e", "/t/x"]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("perl", "Invalid shell option"),
        ("perl -w", "Invalid shell option"),
        ("fish", "fish: command not found"),
        ("powershell", "only exists on Windows"),
        ("cmd", "only exists on Windows"),
    ],
)
def test_shells_that_cannot_be_used_are_refused_with_a_remedy(search_path: str, option: str, message: str) -> None:
    with pytest.raises(ShellError, match=message):
        find_shell(option, search_path=search_path)


def test_powershell_is_asked_to_be_installed(search_path: str) -> None:
    Path(search_path, "pwsh").unlink()
    with pytest.raises(ShellError, match=r"pwsh: command not found\. Install PowerShell on the runner"):
        find_shell("pwsh", search_path=search_path)


def test_powershell_scripts_stop_at_errors(search_path: str) -> None:
    contents = find_shell("pwsh", search_path=search_path).contents("Get-Item x")
    assert contents.splitlines()[:2] == ["$ErrorActionPreference = 'stop'", "Get-Item x"]
    assert "exit $LASTEXITCODE" in contents.splitlines()[2]


def test_python_is_python3_where_only_that_is_installed(tmp_path: Path) -> None:
    program = tmp_path / "python3"
    program.touch(mode=0o755)

    assert find_shell("python", search_path=str(tmp_path)).path == str(program)
