"""Where the server's socket is: in the cluster's folder, or, if its path is too long, in a private short one."""

import os
import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import quote

from ninefold.core.postgres.embedded.account import Account

PORT: Final = 5432
"""Names the socket's file; nothing listens on this port."""

_SOCKET_NAME: Final = f".s.PGSQL.{PORT}"

_SOCKET_PATH_BYTES_MAX: Final = 103
"""What macOS allows without the ending zero; Linux allows four more."""


def is_usable_socket_dir(folder: Path) -> bool:
    """Return whether clients can name a socket in the folder."""
    path = os.fsencode(folder / _SOCKET_NAME)
    try:
        text = path.decode("utf-8")
    except UnicodeDecodeError:
        return False
    # A comma separates hosts in a DSN.
    return len(path) <= _SOCKET_PATH_BYTES_MAX and "," not in text


def make_socket_dir(account: Account) -> Path:
    """Make a folder with a short path that only root and the server's user can enter.

    Its name is random and it is made in one step, so that nobody can prepare one for us in a shared folder.
    """
    folder = Path(tempfile.mkdtemp(prefix="ninefold-", dir=_runtime_dir()))
    if not account.is_ourselves:
        os.chown(folder, account.uid, account.gid)
    return folder


def socket_lock(folder: Path) -> Path:
    """Return the file in which PostgreSQL says which process has the socket in the folder."""
    return folder / f"{_SOCKET_NAME}.lock"


def remove_socket_dir(folder: Path) -> None:
    """Remove such a folder, with what a killed server left in it; one that holds anything else stays."""
    try:
        for file in (folder / _SOCKET_NAME, socket_lock(folder)):
            file.unlink(missing_ok=True)
        folder.rmdir()
    except OSError:
        # Gone already, or taken over by something else: nothing of ours to remove.
        return


def format_dsn(socket_dir: Path, *, role: str, database: str) -> str:
    """Return an address that asyncpg and libpq accept."""
    host = quote(str(socket_dir), safe="/")
    return f"postgresql://{quote(role)}@/{quote(database)}?host={host}&port={PORT}"


def _runtime_dir() -> str:
    candidates = ["/run"] if os.geteuid() == 0 else [os.environ.get("XDG_RUNTIME_DIR", "")]
    for candidate in candidates:
        is_writable = bool(candidate) and os.access(candidate, os.W_OK | os.X_OK)
        if is_writable and is_usable_socket_dir(Path(candidate, "ninefold-12345678")):
            return candidate
    # Not TMPDIR: on macOS and in tests that is a long path itself.
    return "/tmp"  # noqa: S108 - the name below it is random and made in one step.
