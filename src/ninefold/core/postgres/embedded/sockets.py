"""The folder of the server's socket: the cluster's folder, or a private one if that path is too long."""

import os
import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import quote

from ninefold.core.postgres.embedded.account import Account

PORT: Final = 5432
"""Only part of the socket's file name; nothing listens on this port."""

_SOCKET_NAME: Final = f".s.PGSQL.{PORT}"

_SOCKET_PATH_BYTES_MAX: Final = 103
"""The limit of macOS, without the terminating zero; Linux allows four more."""


def is_usable_socket_dir(folder: Path) -> bool:
    """Return whether clients can connect to a socket in the folder: its path is short enough and valid in a DSN."""
    path = os.fsencode(folder / _SOCKET_NAME)
    try:
        text = path.decode("utf-8")
    except UnicodeDecodeError:
        return False
    # A comma separates hosts in a DSN.
    return len(path) <= _SOCKET_PATH_BYTES_MAX and "," not in text


def make_socket_dir(account: Account) -> Path:
    """Create a folder with a short path that only root and the server's user can access.

    It has a random name and is created atomically, so that no other user can create it first in a shared folder.
    """
    folder = Path(tempfile.mkdtemp(prefix="ninefold-", dir=_runtime_dir()))
    if not account.is_current_user:
        os.chown(folder, account.uid, account.gid)
    return folder


def socket_lock(folder: Path) -> Path:
    """Return the lock file in which PostgreSQL writes the id of the process that uses the socket."""
    return folder / f"{_SOCKET_NAME}.lock"


def remove_socket_dir(folder: Path) -> None:
    """Remove a folder of `make_socket_dir` with a killed server's files; a folder with other files is kept."""
    try:
        for file in (folder / _SOCKET_NAME, socket_lock(folder)):
            file.unlink(missing_ok=True)
        folder.rmdir()
    except OSError:
        # It was removed already, or has files that aren't the server's.
        return


def format_dsn(socket_dir: Path, *, role: str, database: str) -> str:
    """Return a DSN that asyncpg and libpq accept."""
    host = quote(str(socket_dir), safe="/")
    return f"postgresql://{quote(role)}@/{quote(database)}?host={host}&port={PORT}"


def _runtime_dir() -> str:
    candidates = ["/run"] if os.geteuid() == 0 else [os.environ.get("XDG_RUNTIME_DIR", "")]
    for candidate in candidates:
        is_writable = bool(candidate) and os.access(candidate, os.W_OK | os.X_OK)
        if is_writable and is_usable_socket_dir(Path(candidate, "ninefold-12345678")):
            return candidate
    # Not TMPDIR, which is a long path on macOS and in tests.
    return "/tmp"  # noqa: S108 - the folder in it has a random name and is created atomically.
