"""Who owns the server of a data folder: one process, by a lock that the system releases when it dies."""

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
    """What the owner lets others know, in the lock file."""

    pid: int
    is_shared: bool
    """Whether others may join its server; one that a short command started ends with the command."""

    dsn: str | None = None
    """None until the server accepts connections."""

    socket_dir: str | None = None
    """The socket's folder where it isn't the cluster's own, for the next owner to remove after a crash."""


class AlreadyOwnedError(SettingError):
    """Another process runs the server of this data folder."""

    def __init__(self, data_dir: Path, owner: Owner | None) -> None:
        who = f"Another Ninefold (process {owner.pid})" if owner is not None else "Another Ninefold"
        super().__init__(
            f"{who} already runs on the data folder {data_dir}.",
            field="NINEFOLD_DATA_DIR",
            remedy="Stop it first, or give this one a folder of its own.",
        )
        self.owner = owner


class OwnerLock:
    """The right to run the server of one data folder; held until released, or until this process ends."""

    def __init__(self, descriptor: int, previous: Owner | None) -> None:
        self._descriptor = descriptor
        self.previous = previous

    @classmethod
    def try_acquire(cls, data_dir: Path, *, is_shared: bool) -> "OwnerLock | None":
        """Take the lock, or return None when another process has it.

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
        """Let others know."""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, msgspec.json.encode(owner), 0)

    def release(self) -> None:
        """Give the lock back."""
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def read_owner(data_dir: Path) -> Owner | None:
    """Return what the lock's holder says, or None while it says nothing."""
    try:
        return _decode((data_dir / _FILE_NAME).read_bytes())
    except FileNotFoundError:
        return None


def _decode(content: bytes) -> Owner | None:
    try:
        return msgspec.json.decode(content, type=Owner)
    except msgspec.DecodeError:
        # Empty between two owners, and for the moment of a write.
        return None


@contextmanager
def explain_folder_errors(data_dir: Path) -> Iterator[None]:
    """Turn an error of the file system into one that names the setting."""
    try:
        yield
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(
            f"One of PostgreSQL's programs didn't end within {error.timeout:.0f} s while it prepared {data_dir}.",
            remedy="The disk or the machine stands still; look at its load, and start again.",
        ) from error
    except OSError as error:
        raise SettingError(
            f"The data folder {data_dir} can't be used: {error.strerror} ({error.filename or data_dir}).",
            field="NINEFOLD_DATA_DIR",
            remedy="Choose a folder that this user may write to, on a disk with free space.",
        ) from error
