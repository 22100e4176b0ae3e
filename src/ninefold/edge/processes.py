"""What every long-running process of ours does about the machine it runs on."""

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
"""Set for the children of `ninefold up`, and for the demo's own `ninefold up`: their standard input is a pipe that ends
when whoever started them does."""

_GARBAGE_THRESHOLDS: Final = (20_000, 50, 50)


def ninefold_command(*arguments: str) -> list[str]:
    """Return what starts a process of this very installation, wherever it is installed."""
    return [sys.executable, "-m", "ninefold", *arguments]


def raise_open_file_limit() -> int:
    """Raise the soft limit of open files to the hard one; return it.

    Each delivery in flight is a socket, and the usual soft limit of 1,024 would end a worker at half its work.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):
        # Some systems report an unlimited hard limit and refuse it; what we have then stays as it is.
        return soft
    return hard


def calm_garbage_collector() -> None:
    """Let the cycle collector look at what deliveries leave behind, and seldom; call it when everything is loaded.

    Thousands of requests in flight are thousands of objects that live, which the default thresholds walk through again
    and again. With 2,000 in flight this gained a fifth of the worker's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE_THRESHOLDS)


def end_with_supervisor(environment: MutableMapping[str, str]) -> None:
    """End this process in an orderly way when its supervisor is gone, however that ended.

    The supervisor holds the other end of our standard input. The kernel closes it even after a SIGKILL, on every
    platform, and we hear of it as an end of file.
    """
    # Whatever this process starts has another standard input.
    if environment.pop(SUPERVISED, None) is not None:
        threading.Thread(target=_wait_for_end_of_input, name="end-with-supervisor", daemon=True).start()


def end_with_parent(*, grace_s: float) -> None:
    """End this process when the one that forked it is gone, however that ended: in an orderly way, or after a grace.

    It concerns processes that `multiprocessing` started, which hold a pipe that ends with their parent; it does nothing
    in any other.
    """
    if multiprocessing.parent_process() is not None:
        threading.Thread(target=_wait_for_end_of_parent, args=(grace_s,), name="end-with-parent", daemon=True).start()


def _wait_for_end_of_parent(grace_s: float) -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "only a process that has one waits for it"
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    # The parent would have been the one to lose patience.
    time.sleep(grace_s)
    os.kill(os.getpid(), signal.SIGKILL)


def _wait_for_end_of_input() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
