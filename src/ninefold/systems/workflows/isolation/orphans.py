"""Reaps processes whose parents have ended, since the process inside is the first one of its namespace."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

_INTERVAL_S: Final = 2.0
_STATE_INDEX: Final = 0
_PARENT_INDEX: Final = 1


async def reap_orphans() -> None:
    """Reap the processes whose parents have ended, for ever.

    A process that this one has started is reaped at once by the thread that waits for it. Who is still there at the
    second look is nobody's.
    """
    known: set[int] = set()
    while True:
        await asyncio.sleep(_INTERVAL_S)
        ended = _ended_children()
        for pid in known & ended:
            _reap(pid)
        known = ended


def _reap(pid: int) -> None:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _ended_children() -> set[int]:
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text(errors="replace").rpartition(")")[2].split()
            if fields[_STATE_INDEX] == "Z" and int(fields[_PARENT_INDEX]) == os.getpid():
                found.add(int(path.parent.name))
    return found
