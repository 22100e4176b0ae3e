"""The lock of a repository's folder: one push at a time, whatever server receives it.

It is a lock of the file system (`flock`), which git inherits. So it is held as long as the server or git runs, and is
free as soon as both are dead: nobody has to guess whether a push still goes on.
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from ninefold.systems.workflows.errors import GitBusyError

WAIT_S: Final = 60.0
"""How long a push waits for the one before it."""

_FILE: Final = "ninefold-push.lock"
_DELAY_S: Final = 0.01
_DELAY_S_MAX: Final = 0.2


@asynccontextmanager
async def push_lock(folder: Path, *, wait_s: float = WAIT_S) -> AsyncIterator[int]:
    """Hold the lock of a repository during the block; yield its file descriptor, for git to inherit.

    Raises:
        GitBusyError: others hold it for longer than `wait_s`.
    """
    descriptor = os.open(folder / _FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        await _take(descriptor, wait_s)
        yield descriptor
    finally:
        # Closing doesn't unlock it while git has it too.
        os.close(descriptor)


async def _take(descriptor: int, wait_s: float) -> None:
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + wait_s
    delay_s = _DELAY_S
    while not _is_taken(descriptor):
        if loop.time() >= give_up_at:
            raise GitBusyError("The repository receives another push.", remedy="Push again in a minute.")
        await asyncio.sleep(delay_s)
        delay_s = min(2 * delay_s, _DELAY_S_MAX)


def _is_taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
