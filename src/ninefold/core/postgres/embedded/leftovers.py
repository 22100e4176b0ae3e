"""What an owner that was killed, or a machine that lost power, may have left in a cluster's folder."""

import signal
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

from ninefold.core.errors import UnavailableError
from ninefold.core.postgres.embedded.sockets import socket_lock

ORPHAN_TIMEOUT_S: Final = 60.0
"""How long a server without owner may take to write its last checkpoint."""

_PID_FILE: Final = "postmaster.pid"
_QUIT_TIMEOUT_S: Final = 10.0


def clear_leftovers(cluster_dir: Path, *, socket_dir: Path) -> None:
    """Stop a server that outlived its owner, and remove what names a process that belongs to nobody or to a stranger.

    The caller holds the owner's lock, so whatever still runs in the folder has no owner.

    Args:
        cluster_dir: the server's data.
        socket_dir: where its socket is.

    Raises:
        UnavailableError: it doesn't stop.
    """
    # Both hold the server's process id. PostgreSQL refuses to start while a process of the same user has that number:
    # a stranger after a power cut, or the killed server itself as long as nobody has asked for its exit code.
    files = [file for file in (cluster_dir / _PID_FILE, socket_lock(socket_dir)) if file.exists()]
    if not files:
        return
    _stop_orphans(cluster_dir)
    for file in files:
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
            f"A PostgreSQL without owner (process {orphans[0].pid}) runs in {cluster_dir} and doesn't stop.",
            remedy=f"End it with: kill -9 {orphans[0].pid}",
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
    # Every process of a server works in its cluster's folder. Not the names are compared: a path may change.
    found = []
    for process in psutil.process_iter():
        try:
            if process.name().startswith("postgres") and Path(process.cwd()).samefile(cluster_dir):
                found.append(process)
        except (psutil.Error, OSError):
            # It ended meanwhile, or belongs to a user whose processes we may not see: not one of ours.
            continue
    return found
