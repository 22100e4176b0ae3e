"""Ownership of a data folder's server: one process has a lock, which the operating system releases when it ends."""

import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from ninefold.core.errors import SettingError, UnavailableError

_FILE_NAME: Final = "postgres.lock"
_BYTES_MAX: Final = 16_384


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner publishes in the lock file."""

    pid: int
    is_shared: bool
    """Whether other processes can use the server; the server of a short command stops when the command ends."""

    dsn: str | None = None
    """None until the server accepts connections."""

    socket_dir: str | None = None
    """The folder of the socket if it isn't the cluster's folder; after a crash, the next owner removes it."""


class AlreadyOwnedError(SettingError):
    """Another process runs the server of this data folder."""

    def __init__(self, data_dir: Path, owner: Owner | None) -> None:
        owner_name = f"Another Ninefold (process {owner.pid})" if owner is not None else "Another Ninefold"
        super().__init__(
            f"{owner_name} already uses the data folder {data_dir}.",
            field="NINEFOLD_DATA_DIR",
            remedy="Stop it first, or use another data folder.",
        )
        self.owner = owner


class OwnerLock:
    """The lock of a data folder, whose holder runs the server; held until it is released or the process ends."""

    def __init__(self, descriptor: int, previous: Owner | None) -> None:
        self._descriptor = descriptor
        self.previous = previous

    @classmethod
    def try_acquire(cls, data_dir: Path, *, is_shared: bool) -> "OwnerLock | None":
        """Acquire the lock, or return None if another process has it.

        Raises:
            OSError: the lock file can't be opened.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        descriptor = os.open(data_dir / _FILE_NAME, flags, mode=0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if not isinstance(error, BlockingIOError):
                raise
            return None
        lock = cls(descriptor, _decode(os.pread(descriptor, _BYTES_MAX, 0)))
        lock.publish(Owner(pid=os.getpid(), is_shared=is_shared))
        return lock

    def publish(self, owner: Owner) -> None:
        """Write the owner to the lock file, where other processes can read it."""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, msgspec.json.encode(owner), 0)

    def release(self) -> None:
        """Release the lock."""
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def read_owner(data_dir: Path) -> Owner | None:
    """Return what the owner has published, or None if there is nothing."""
    try:
        return _decode((data_dir / _FILE_NAME).read_bytes())
    except FileNotFoundError:
        return None


def _decode(content: bytes) -> Owner | None:
    try:
        return msgspec.json.decode(content, type=Owner)
    except msgspec.DecodeError:
        # The file is empty while nobody has the lock, and briefly during a write.
        return None


@contextmanager
def explain_folder_errors(data_dir: Path) -> Iterator[None]:
    """Convert file system errors and timeouts into errors for the operator."""
    try:
        yield
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(
            f"A PostgreSQL program didn't finish within {error.timeout:.0f} s while it prepared {data_dir}.",
            remedy="The disk or the machine is overloaded; check its load, and start again.",
        ) from error
    except OSError as error:
        raise SettingError(
            f"The data folder {data_dir} can't be used: {error.strerror} ({error.filename or data_dir}).",
            field="NINEFOLD_DATA_DIR",
            remedy="Choose a folder that this user can write to, on a disk with free space.",
        ) from error
