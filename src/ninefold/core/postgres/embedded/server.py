"""Starts, monitors and stops the server."""

import os
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from ninefold.core.errors import UnavailableError
from ninefold.core.postgres.embedded.account import choose_account
from ninefold.core.postgres.embedded.cluster import (
    DATABASE,
    ROLE,
    ensure_cluster,
    reachable_path,
    start_failure,
)
from ninefold.core.postgres.embedded.crash_cleanup import clean_up_after_crash
from ninefold.core.postgres.embedded.engine import Engine, find_engine
from ninefold.core.postgres.embedded.log import BoundedLog
from ninefold.core.postgres.embedded.ownership import (
    AlreadyOwnedError,
    Owner,
    OwnerLock,
    explain_folder_errors,
    read_owner,
)
from ninefold.core.postgres.embedded.process import ServerProcess
from ninefold.core.postgres.embedded.server_processes import STOP_SIGNALS, kill_processes, resume_processes
from ninefold.core.postgres.embedded.sockets import (
    format_dsn,
    is_usable_socket_dir,
    make_socket_dir,
    remove_socket_dir,
)

START_TIMEOUT_S: Final = 300.0
"""Long enough for crash recovery, which replays about `max_wal_size` of WAL."""

COMMAND_TIMEOUT_S: Final = 30.0
"""How long a start waits for a short command that runs the server."""

_POLL_INTERVAL_S: Final = 0.01
_LOG_TIMEOUT_S: Final = 2.0

# Passed on the command line, so that no configuration file can override them.
_SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "cluster_name": "ninefold",
    "logging_collector": "off",
    "log_destination": "stderr",
}

# For tests: data doesn't have to survive a power failure, so nothing waits for the disk, and little WAL is kept.
_SETTINGS_NOT_DURABLE: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "128MB",
}


class EmbeddedPostgres:
    """PostgreSQL on a data folder, owned by this process.

    Args:
        data_dir: Ninefold's data folder; the cluster is `postgres` in it, the log `postgres.log`.
        is_durable: False for tests, whose data doesn't have to survive a power failure.
        is_shared: whether `use_postgres` in other processes can use this server.
    """

    def __init__(self, data_dir: Path, *, is_durable: bool = True, is_shared: bool = True) -> None:
        self._data_dir = data_dir.absolute()
        self._cluster_dir = self._data_dir / "postgres"
        self._is_durable = is_durable
        self._is_shared = is_shared
        self._lock: OwnerLock | None = None
        self._socket_dir: Path | None = None
        self._process: ServerProcess | None = None
        # `start` may be running in another thread when `stop` is called; `stop` waits for it.
        self._mutex = threading.Lock()
        self._log = BoundedLog(self._data_dir / "postgres.log")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> str:
        """Start the server, and return its address once it accepts connections.

        Creates the data folder and the cluster if they are missing, and recovers after a crash. Call it again to
        restart a server that died; the address stays the same.

        Raises:
            AlreadyOwnedError: another process runs the server of this folder.
            SettingError: the data folder or this machine doesn't allow it.
            UnavailableError: the server isn't ready in time.
        """
        with self._mutex:
            if self.is_running:
                return self.dsn()
            is_restart = self._lock is not None
            try:
                with explain_folder_errors(self._data_dir):
                    return self._start()
            except BaseException:
                self._stop_server()
                if not is_restart:
                    self._release_folder()
                raise

    def stop(self) -> None:
        """Shut the server down cleanly, or kill it if that takes too long. Then release the data folder."""
        with self._mutex:
            self._stop_server()
            self._release_folder()

    def dsn(self, *, role: str = ROLE, database: str = DATABASE) -> str:
        """Return the server's address for a role and a database."""
        assert self._socket_dir is not None, "call start() first"
        return format_dsn(self._socket_dir, role=role, database=database)

    @property
    def is_running(self) -> bool:
        """Whether the server's process is running."""
        return self._process is not None and not self._process.has_exited

    @property
    def pid(self) -> int | None:
        """The server's process id; None before the start and after the stop."""
        return self._process.pid if self._process is not None else None

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the server ends, and return whether it did in time."""
        return self._process is None or self._process.wait(timeout_s)

    def last_log_lines(self) -> str:
        """Return the last lines of the server's log."""
        return self._log.last_lines()

    @property
    def _has_private_socket(self) -> bool:
        return self._socket_dir not in {None, self._cluster_dir}

    def _start(self) -> str:
        self._data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._lock is None:
            self._lock = self._acquire_lock()
        engine = find_engine(choose_account())
        ensure_cluster(self._cluster_dir, engine, is_durable=self._is_durable)
        if self._socket_dir is None:
            self._socket_dir = self._choose_socket_dir(engine)
        clean_up_after_crash(self._cluster_dir, socket_dir=self._socket_dir)
        self._launch(engine)
        self._wait_until_ready()
        self._publish(dsn=self.dsn())
        return self.dsn()

    def _acquire_lock(self) -> OwnerLock:
        deadline = time.monotonic() + COMMAND_TIMEOUT_S
        while True:
            lock = OwnerLock.try_acquire(self._data_dir, is_shared=self._is_shared)
            if lock is not None:
                if lock.previous is not None and lock.previous.socket_dir is not None:
                    remove_socket_dir(Path(lock.previous.socket_dir))
                return lock
            owner = read_owner(self._data_dir)
            if (owner is not None and owner.is_shared) or time.monotonic() > deadline:
                raise AlreadyOwnedError(self._data_dir, owner)
            time.sleep(_POLL_INTERVAL_S)

    def _choose_socket_dir(self, engine: Engine) -> Path:
        if is_usable_socket_dir(self._cluster_dir):
            return self._cluster_dir
        self._socket_dir = make_socket_dir(engine.account)
        self._publish(dsn=None)
        return self._socket_dir

    def _publish(self, *, dsn: str | None) -> None:
        assert self._lock is not None
        socket_dir = str(self._socket_dir) if self._has_private_socket else None
        self._lock.publish(Owner(pid=os.getpid(), is_shared=self._is_shared, dsn=dsn, socket_dir=socket_dir))

    def _launch(self, engine: Engine) -> None:
        settings = dict(_SETTINGS)
        if not self._is_durable:
            settings |= _SETTINGS_NOT_DURABLE
        # "." is the cluster's folder: the server's working directory, whose parents it may not have access to.
        settings["unix_socket_directories"] = f'"{self._socket_dir}"' if self._has_private_socket else "."
        arguments = [f"--{name}={value}" for name, value in settings.items()]
        with reachable_path(self._cluster_dir, engine.account) as (path, descriptors):
            command = engine.command("postgres", "-D", path, *arguments)
            self._process = ServerProcess(command, pass_fds=descriptors)
        self._log.follow(self._process.output)

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._is_ready(self._process):
            if self._process.wait(_POLL_INTERVAL_S):
                self._log.finish(timeout_s=_LOG_TIMEOUT_S)
                raise start_failure(f"PostgreSQL doesn't start in {self._cluster_dir}", self._log.last_lines())
            if time.monotonic() > deadline:
                raise UnavailableError(
                    f"PostgreSQL in {self._cluster_dir} isn't ready after {START_TIMEOUT_S:.0f} s:\n"
                    f"{self._log.last_lines()}",
                    remedy="Start again; the recovery continues.",
                )

    def _is_ready(self, process: ServerProcess) -> bool:
        # The first line of postmaster.pid is the process id, the eighth is the status.
        try:
            lines = (self._cluster_dir / "postmaster.pid").read_bytes().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and int(lines[0]) == process.pid and lines[7].strip() == b"ready"  # noqa: PLR2004

    def _stop_server(self) -> None:
        if self._process is None:
            return
        for number, timeout_s in STOP_SIGNALS:
            self._process.signal(number)
            resume_processes(self._cluster_dir)
            if self._process.wait(timeout_s):
                break
        # The child processes of a killed server end by themselves, unless they are stuck.
        if not self._process.has_ended_cleanly:
            kill_processes(self._cluster_dir)
        # A later line would create the file again, perhaps in a folder that is being removed.
        self._log.finish(timeout_s=_LOG_TIMEOUT_S)
        self._process = None

    def _release_folder(self) -> None:
        if self._socket_dir is not None and self._has_private_socket:
            remove_socket_dir(self._socket_dir)
        self._socket_dir = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None
