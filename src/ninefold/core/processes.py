"""Processes that a system adds to those of Ninefold, and how other processes on the machine reach them.

Such a process serves a Unix socket in a folder of the installation, which only its user can open. The socket is at its
place exactly while the process is ready: it is bound under another name, and renamed once the process can answer. A
process runs from the first time that it is needed: a client that finds no socket sends a datagram to the process's
start socket, which the supervisor reads.
"""

import fcntl
import hashlib
import os
import socket
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Generic, TypeVar

import msgspec

from ninefold.core.config import default_data_dir
from ninefold.core.errors import ConflictError

SettingsT = TypeVar("SettingsT", bound=msgspec.Struct)

FOLDER_PATH_LENGTH_MAX: Final = 60
"""In bytes. The path of a socket can have 104 bytes on some systems."""


class ProcessRunsAlreadyError(ConflictError):
    """Another process has the place of this one."""

    code = "process_runs_already"
    title = "Process runs already"


class ProcessAddress(msgspec.Struct, frozen=True):
    """Where a process is reached: the paths of its sockets."""

    folder: Path
    name: str

    @property
    def ready_socket(self) -> Path:
        """What it serves; exists while it is ready, and after it was killed, but then it refuses connections."""
        return self.folder / f"{self.name}.sock"

    @property
    def starting_socket(self) -> Path:
        """What it serves while it is starting."""
        return self.folder / f"{self.name}.starting.sock"

    @property
    def start_socket(self) -> Path:
        """What starts it."""
        return self.folder / f"{self.name}.start"

    def request_start(self) -> bool:
        """Ask for the process to be started, if it isn't running; return whether a supervisor listens."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as requests:
            requests.settimeout(0)
            try:
                requests.sendto(b"!", str(self.start_socket))
            except BlockingIOError:
                # So many have asked that the supervisor hasn't read them all.
                return True
            except OSError:
                return False
        return True

    def listen_for_start_requests(self) -> socket.socket:
        """Return a socket that becomes readable when a client asks for a start; call it only with `exclusive`."""
        self.start_socket.unlink(missing_ok=True)
        requests = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        requests.settimeout(0)
        requests.bind(str(self.start_socket))
        return requests

    def remove_sockets(self) -> None:
        """Remove what an earlier process has left."""
        for path in (self.ready_socket, self.starting_socket):
            path.unlink(missing_ok=True)

    def announce(self) -> None:
        """Move the socket to its place, now that the process can answer."""
        self.starting_socket.rename(self.ready_socket)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Have the place of this process, until the block or the process of the caller ends.

        Raises:
            ProcessRunsAlreadyError: another process has it.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / f"{self.name}.lock"
        with path.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # Who had the place removes the file, perhaps after it was opened here.
                is_held = os.path.samestat(os.fstat(lock.fileno()), path.stat())
            except OSError:
                is_held = False
            if not is_held:
                raise ProcessRunsAlreadyError(
                    f"{self.name} runs already, for the same data folder.", remedy="Use that one, or stop it."
                )
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
                with suppress(OSError):
                    # Other processes may still use it.
                    self.folder.rmdir()


class ProcessFolder(msgspec.Struct, frozen=True):
    """The folder with the sockets of an installation's processes."""

    path: Path

    @classmethod
    def of(cls, data_dir: Path) -> "ProcessFolder":
        """Return the folder for a data folder: inside it, or a temporary one if sockets would have too long a path."""
        inside = data_dir.absolute() / "run"
        if len(os.fsencode(inside)) <= FOLDER_PATH_LENGTH_MAX:
            return cls(inside)
        digest = hashlib.sha256(os.fsencode(inside)).hexdigest()[:16]
        temporary = Path(tempfile.gettempdir()) / f"ninefold-{os.geteuid()}-{digest}"
        if len(os.fsencode(temporary)) <= FOLDER_PATH_LENGTH_MAX:
            return cls(temporary)
        return cls(Path("/tmp") / temporary.name)  # noqa: S108 - only its user can open it.

    @classmethod
    def default(cls) -> "ProcessFolder":
        """Return the folder for the default data folder."""
        return cls.of(default_data_dir())

    def address(self, name: str) -> ProcessAddress:
        """Return where the process of this name is reached."""
        return ProcessAddress(self.path, name)


class ProcessContext(msgspec.Struct, Generic[SettingsT], frozen=True, kw_only=True):
    """What a process of a system gets."""

    settings: SettingsT
    address: ProcessAddress
    data_dir: Path


class SystemProcess(msgspec.Struct, Generic[SettingsT], frozen=True, kw_only=True):
    """A process that a system adds. `ninefold up` runs it from the first time that a client asks for it."""

    name: str
    """Begins with the name of the system, such as `assistant.llama`."""
    run: Callable[[ProcessContext[SettingsT]], None]
    """Serves `address.starting_socket`, calls `address.announce` when it is ready, and never returns.

    SIGTERM ends the process at once, unless `run` has a handler for it.
    """
    check: Callable[[ProcessAddress], Awaitable[None]]
    """Returns if the process that is ready does its work; raises an exception, or takes too long, if it hangs."""
    is_needed: Callable[[SettingsT], bool]
    """Whether it can be needed at all with these settings; otherwise nothing listens at its start socket."""
    banner: Callable[[SettingsT], str | None] = lambda _: None
    """A line that `ninefold up` prints when it is ready; None for no line."""
    grace_period_s: float = 2.0
    """How long it may take to stop."""
    ready_within_s: float = 300.0
    """How long it may take to become ready before it counts as hanging."""
    hangs_after_s: float = 20.0
    """How long `check` may take."""
