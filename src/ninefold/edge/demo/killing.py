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
    child = _find(up_pid, command)
    if child is None:
        return False
    _kill([*_descendants(child), child])
    return True


def kill_alone(up_pid: int, command: Sequence[str]) -> list[psutil.Process] | None:
    """Kill one process of an installation, but none of its children; return those, or None if there was no process.

    Args:
        up_pid: of `ninefold up`.
        command: as of `kill_process`.
    """
    child = _find(up_pid, command)
    if child is None:
        return None
    children = _descendants(child)
    _kill([child])
    return children


def _find(up_pid: int, command: Sequence[str]) -> psutil.Process | None:
    for child in psutil.Process(up_pid).children():
        with suppress(psutil.NoSuchProcess):
            arguments = child.cmdline()
            if any(arguments[at : at + len(command)] == list(command) for at in range(len(arguments))):
                return child
    return None


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return process.children(recursive=True)
    return []


def _kill(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
