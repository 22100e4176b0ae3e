"""A child process that is kept running: started, restarted with growing pauses when it dies, and told to stop."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

import structlog

from ninefold.core.waiting import wait_for_any
from ninefold.edge.processes import SUPERVISED

RESTART_DELAY_S_MIN: Final = 1.0
RESTART_DELAY_S_MAX: Final = 4.0
"""Not longer: where there is one worker, nobody takes over from it before it is back. Its lease runs out meanwhile, so
that what it held is attempted again within 10 s even after many crashes."""

CRASH_LOOP_WITHIN_S: Final = 10.0
"""A child that lived longer wasn't ended by its start; its crash is treated like a first one."""

log = structlog.get_logger(__name__)


class Child:
    """One part of Ninefold in a process of its own.

    Each has its own session, so that Ctrl-C in the terminal reaches only the supervisor, and its standard input is a
    pipe that ends when the supervisor does.

    Args:
        name: what the log calls it.
        command: the program and its arguments; no secret, everybody can read it.
        environment: its whole environment; secrets go here.
        grace_s: how long it may take to stop, before it is killed.
        on_end: called with the process's id after each end, bidden or not.
    """

    def __init__(
        self,
        *,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        grace_s: float,
        on_end: Callable[[int], None],
    ) -> None:
        self.name: Final = name
        self.has_died = asyncio.Event()
        """Set when the process ended unbidden for the first time."""
        self.exit_code: int | None = None
        self._command = command
        self._environment = {**environment, SUPERVISED: "1"}
        self._grace_s = grace_s
        self._on_end = on_end
        self._stopping = asyncio.Event()

    async def keep_running(self, hurrying: asyncio.Event) -> None:
        """Start the process, and start it again whenever it ends, until `stop` is called.

        Then it has its grace to end in an orderly way, and is killed after it, or as soon as `hurrying` is set.
        """
        delay_s = RESTART_DELAY_S_MIN
        while not self._stopping.is_set():
            started_at = time.monotonic()
            self.exit_code = await self._run_once(hurrying)
            if self._stopping.is_set():
                return
            self.has_died.set()
            if time.monotonic() - started_at > CRASH_LOOP_WITHIN_S:
                delay_s = RESTART_DELAY_S_MIN
            log.error("supervisor.child.died", child=self.name, exit_code=self.exit_code, restart_in_s=delay_s)
            await wait_for_any(self._stopping, timeout_s=delay_s)
            delay_s = min(delay_s * 2, RESTART_DELAY_S_MAX)

    def stop(self) -> None:
        """Tell the process to stop; `keep_running` returns when it has."""
        self._stopping.set()

    async def _run_once(self, hurrying: asyncio.Event) -> int:
        process = await asyncio.create_subprocess_exec(
            *self._command, env=self._environment, stdin=asyncio.subprocess.PIPE, start_new_session=True
        )
        log.info("supervisor.child.started", child=self.name, pid=process.pid)
        ended = asyncio.Event()
        waiting = asyncio.create_task(_set_after(process, ended))
        await wait_for_any(ended, self._stopping)
        if not ended.is_set():
            # It can have ended by itself just now, before `ended` was set.
            with suppress(ProcessLookupError):
                process.terminate()
            await wait_for_any(ended, hurrying, timeout_s=self._grace_s)
        if not ended.is_set():
            log.warning("supervisor.child.killed", child=self.name, pid=process.pid, grace_s=self._grace_s)
        # What it started itself, such as the server's own worker process, must not outlive it.
        _kill_session(process.pid)
        exit_code = await waiting
        self._on_end(process.pid)
        return exit_code


async def _set_after(process: asyncio.subprocess.Process, ended: asyncio.Event) -> int:
    exit_code = await process.wait()
    ended.set()
    return exit_code


def _kill_session(process_id: int) -> None:
    """Kill every process of a session that the process led, where any is left."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process_id, signal.SIGKILL)
