"""How Ninefold's long-running processes set themselves up: open files, garbage collection, and when they end."""

import gc
import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import MutableMapping
from typing import Final

SUPERVISED: Final = "NINEFOLD_SUPERVISED"
"""Set for the children of `ninefold up`, and for the `ninefold up` of the demo: their standard input is a pipe that is
closed when the process that started them ends."""

_GARBAGE_THRESHOLDS: Final = (20_000, 50, 50)


def ninefold_command(*arguments: str) -> list[str]:
    """Return the command line that runs `ninefold` with the Python and the code of this process."""
    return [sys.executable, "-m", "ninefold", *arguments]


def raise_open_file_limit() -> int:
    """Raise the soft limit of open files to the hard limit, and return it.

    Each delivery in progress needs a socket. The usual soft limit of 1,024 is less than half of what a worker can use.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):
        # Some systems report an unlimited hard limit but don't accept it. Then the soft limit stays as it is.
        return soft
    return hard


def tune_garbage_collector() -> None:
    """Make the cycle collector run rarely, and skip the objects that exist now; call it when all modules are loaded.

    With thousands of requests in progress, the default thresholds make it traverse thousands of live objects again and
    again. With 2,000 requests in progress, this saved a fifth of a worker's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE_THRESHOLDS)


def end_with_supervisor(environment: MutableMapping[str, str]) -> None:
    """Send SIGTERM to this process when its supervisor has ended, for whatever reason.

    The supervisor holds the other end of this process's standard input. The kernel closes it even after a SIGKILL, on
    every platform, and reading it then returns an end of file.
    """
    # Removed from the environment, because processes that this one starts have another standard input.
    if environment.pop(SUPERVISED, None) is not None:
        threading.Thread(target=_wait_for_end_of_input, name="end-with-supervisor", daemon=True).start()


def end_with_parent(*, grace_period_s: float) -> None:
    """Send SIGTERM to this process when its parent has ended, for whatever reason; SIGKILL after a grace period.

    It does nothing in a process that wasn't started by `multiprocessing`, which gives its processes a pipe that is
    closed when their parent ends.
    """
    if multiprocessing.parent_process() is not None:
        arguments = (grace_period_s,)
        threading.Thread(target=_wait_for_end_of_parent, args=arguments, name="end-with-parent", daemon=True).start()


def _wait_for_end_of_parent(grace_period_s: float) -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "only a process with a parent waits for it"
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    # Usually the parent would kill this process after the grace period.
    time.sleep(grace_period_s)
    os.kill(os.getpid(), signal.SIGKILL)


def _wait_for_end_of_input() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
