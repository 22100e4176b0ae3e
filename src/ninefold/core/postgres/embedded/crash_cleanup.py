"""Cleans up after a crash: stops a server whose owner was killed, and removes its stale lock files."""

import signal
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

from ninefold.core.errors import UnavailableError
from ninefold.core.postgres.embedded.sockets import socket_lock

ORPHAN_TIMEOUT_S: Final = 60.0
"""How long a server without an owner has to write its last checkpoint."""

_PID_FILE: Final = "postmaster.pid"
_QUIT_TIMEOUT_S: Final = 10.0


def clean_up_after_crash(cluster_dir: Path, *, socket_dir: Path) -> None:
    """Stop a server that outlived its owner, and remove its lock files.

    The caller holds the owner's lock, so a server that still runs in the folder has no owner.

    Args:
        cluster_dir: the folder with the server's data.
        socket_dir: the folder of its socket.

    Raises:
        UnavailableError: the server doesn't stop.
    """
    # Both files have the server's process id. PostgreSQL refuses to start while a process of the same user has that id.
    # After a power failure that can be an unrelated process, and after a kill it can be the server itself as a zombie.
    lock_files = [file for file in (cluster_dir / _PID_FILE, socket_lock(socket_dir)) if file.exists()]
    if not lock_files:
        return
    _stop_orphans(cluster_dir)
    for file in lock_files:
        file.unlink(missing_ok=True)


def _stop_orphans(cluster_dir: Path) -> None:
    for number, timeout_s in ((signal.SIGINT, ORPHAN_TIMEOUT_S), (signal.SIGQUIT, _QUIT_TIMEOUT_S)):
        orphans = _processes_in(cluster_dir)
        if not orphans:
            return
        for orphan in _postmasters(orphans):
            # It may end by itself at any moment.
            with suppress(psutil.NoSuchProcess):
                orphan.send_signal(number)
        psutil.wait_procs(orphans, timeout=timeout_s)
    orphans = _processes_in(cluster_dir)
    if orphans:
        raise UnavailableError(
            f"A PostgreSQL server without an owner (process {orphans[0].pid}) runs in {cluster_dir} and doesn't stop.",
            remedy=f"Kill it with: kill -9 {orphans[0].pid}",
        )


def _postmasters(processes: list[psutil.Process]) -> list[psutil.Process]:
    pids = {process.pid for process in processes}
    found = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.ppid() not in pids:
                found.append(process)
    return found


def _processes_in(cluster_dir: Path) -> list[psutil.Process]:
    # The working directory of every server process is its cluster's folder. `samefile` also finds a renamed folder.
    found = []
    for process in psutil.process_iter():
        try:
            if process.name().startswith("postgres") and Path(process.cwd()).samefile(cluster_dir):
                found.append(process)
        except (psutil.Error, OSError):
            # It has ended, or belongs to a user whose processes aren't visible, so it isn't part of this server.
            continue
    return found
