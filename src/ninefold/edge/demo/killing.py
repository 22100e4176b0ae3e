"""Kills processes of the demo's installation, as a crash would."""

from collections.abc import Sequence
from contextlib import suppress

import psutil


def kill_process(up_pid: int, command: Sequence[str]) -> bool:
    """Kill one process of an installation, with its children; return whether there was one.

    Args:
        up_pid: of `ninefold up`.
        command: the arguments of the process after `ninefold`, such as `["worker"]`; others can follow.
    """
    for child in psutil.Process(up_pid).children():
        with suppress(psutil.NoSuchProcess):
            arguments = child.cmdline()
            if any(arguments[at : at + len(command)] == list(command) for at in range(len(arguments))):
                for process in [*child.children(recursive=True), child]:
                    with suppress(psutil.NoSuchProcess):
                        process.kill()
                return True
    return False
