"""Finds the operating system processes of a PostgreSQL server, and ends them if the server doesn't end by itself."""

import signal
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

STOP_TIMEOUT_S: Final = 20.0
"""Time for the last checkpoint. After that, the server is killed, and recovers at its next start.

It isn't longer, because a fast shutdown can hang: PostgreSQL 18 does if it recovers from a backend's crash.
"""

KILL_TIMEOUT_S: Final = 10.0

# PostgreSQL's fast shutdown; then the immediate shutdown, which needs recovery at the next start; then a kill.
STOP_SIGNALS: Final = (
    (signal.SIGINT, STOP_TIMEOUT_S),
    (signal.SIGQUIT, KILL_TIMEOUT_S),
    (signal.SIGKILL, KILL_TIMEOUT_S),
)


def find_processes(cluster_dir: Path) -> list[psutil.Process]:
    """Return all processes of the server that uses a cluster's folder, including those without a parent."""
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


def resume_processes(cluster_dir: Path) -> None:
    """Resume processes that were suspended (SIGSTOP). Until then, the only signal that works is SIGKILL."""
    send_to_all(find_processes(cluster_dir), signal.SIGCONT)


def kill_processes(cluster_dir: Path) -> None:
    """Kill every process of the server, and wait until they have ended, for at most `KILL_TIMEOUT_S`."""
    processes = find_processes(cluster_dir)
    send_to_all(processes, signal.SIGKILL)
    psutil.wait_procs(processes, timeout=KILL_TIMEOUT_S)


def stop_processes(cluster_dir: Path) -> list[psutil.Process]:
    """Stop a server that has no owner: cleanly if possible, otherwise kill it.

    Returns:
        The processes that are still running.
    """
    for number, timeout_s in STOP_SIGNALS:
        processes = find_processes(cluster_dir)
        if not processes:
            return []
        send_to_all(processes if number == signal.SIGKILL else _postmasters(processes), number)
        send_to_all(processes, signal.SIGCONT)
        psutil.wait_procs(processes, timeout=timeout_s)
    return find_processes(cluster_dir)


def send_to_all(processes: list[psutil.Process], number: int) -> None:
    """Send a signal to each process that is still running."""
    for process in processes:
        # The process can end at any moment.
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _postmasters(processes: list[psutil.Process]) -> list[psutil.Process]:
    pids = {process.pid for process in processes}
    found = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.ppid() not in pids:
                found.append(process)
    return found
