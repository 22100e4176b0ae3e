"""Cleans up after a crash: stops a server whose owner was killed, and removes its stale lock files."""

from pathlib import Path
from typing import Final

from ninefold.core.errors import UnavailableError
from ninefold.core.postgres.embedded.server_processes import stop_processes
from ninefold.core.postgres.embedded.sockets import socket_lock

_PID_FILE: Final = "postmaster.pid"


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
    orphans = stop_processes(cluster_dir)
    if orphans:
        raise UnavailableError(
            f"A PostgreSQL without an owner (process {orphans[0].pid}) runs in {cluster_dir} and can't be killed.",
            remedy="It is waiting for a disk or a device that doesn't respond. Restart the machine.",
        )
