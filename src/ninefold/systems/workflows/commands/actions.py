"""`ninefold workflows actions …`: the folder with mirrors of actions on this machine."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

from cyclopts import App, Parameter

from ninefold.core.commands import print_note, print_table
from ninefold.core.errors import InvalidInputError
from ninefold.systems.workflows.settings import read_workflows_settings

actions = App(name="actions", help="Manage the mirrors of actions that jobs use on this machine.")

TAGS_SHOWN_MAX: Final = 5
MIRRORS_MAX: Final = 10_000

_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_ORIGIN: Final = re.compile(r"[:/](?P<name>[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+?)(\.git)?/?$")


@actions.command(name="add")
def add_action(folder: Path, *, name: Annotated[str | None, Parameter(show_default=False)] = None) -> None:
    """Copy a git repository with actions to the folder of mirrors, or bring its mirror up to date.

    Args:
        folder: A repository on this machine, bare or not.
        name: Its name in `uses`, such as actions/checkout; by default that of its remote `origin`.
    """
    name = name or _name_of(folder)
    if not _NAME.fullmatch(name) or ".." in name:
        raise InvalidInputError(f"{name!r} isn't a name such as actions/checkout.", field="--name")
    target = _mirrors_folder() / f"{name}.git"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-") as place:
        made = Path(place) / "mirror"
        _git("clone", "--quiet", "--bare", "--no-hardlinks", str(folder.resolve()), str(made))
        _open_for_all(made)
        shutil.rmtree(target, ignore_errors=True)
        made.rename(target)
    print_note(f"Jobs find {name} in {target}.")


@actions.command(name="list")
def list_actions() -> None:
    """List the mirrors, with their newest tags."""
    folder = _mirrors_folder()
    rows = [(path.relative_to(folder).as_posix().removesuffix(".git"), _tags(path)) for path in _mirrors(folder)]
    empty = f"{folder} has no mirrors yet. Add one: ninefold workflows actions add FOLDER"
    print_table(["Action", "Newest tags"], [list(row) for row in rows], empty=empty)


def _mirrors_folder() -> Path:
    return read_workflows_settings(os.environ).actions_folder


def _mirrors(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*/*") if not path.name.startswith(".") and path.is_dir())[:MIRRORS_MAX]


def _name_of(folder: Path) -> str:
    origin = _git("-C", str(folder), "config", "--default", "", "--get", "remote.origin.url")
    match = _ORIGIN.search(origin)
    if match is None:
        raise InvalidInputError(
            f"{folder} doesn't say what it is called.", field="--name", remedy="Say it: --name actions/checkout."
        )
    return match["name"]


def _tags(mirror: Path) -> str:
    if not (mirror / "HEAD").exists() and not (mirror / ".git").exists():
        return "files, without versions"
    tags = _git("-c", "safe.directory=*", "-C", str(mirror), "tag", "--sort=-creatordate").split()
    return ", ".join(tags[:TAGS_SHOWN_MAX])


def _open_for_all(folder: Path) -> None:
    """Let every user read a folder, since jobs have other ones."""
    for path in _everything_in(folder):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _everything_in(folder: Path) -> Iterator[Path]:
    yield folder
    yield from (path for path in folder.rglob("*") if not path.is_symlink())


def _git(*arguments: str) -> str:
    try:
        result = subprocess.run(  # noqa: S603 - git with arguments of the person who runs this.
            ["git", *arguments],  # noqa: S607 - the git of this machine.
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise InvalidInputError(f"The program git can't be started: {error}.", remedy="Install git.") from error
    if result.returncode:
        raise InvalidInputError(
            f"git says: {result.stderr.strip()[-500:]}", field="FOLDER", remedy="Name a git repository on this machine."
        )
    return result.stdout.strip()
