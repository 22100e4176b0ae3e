"""A child process that is kept running: started, restarted with growing delays when it dies, and stopped."""

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
"""Not longer: if there is only one worker, nothing happens until it is back. Its lease expires in the meantime, so that
its work is attempted again within 10 s even after many crashes."""

CRASH_LOOP_WITHIN_S: Final = 10.0
"""If a child ran for longer than this, its crash counts as a first one, and the delay starts again at the minimum."""

log = structlog.get_logger(__name__)


class Child:
    """One part of Ninefold in a process of its own.

    Each child has its own session, so that Ctrl-C in the terminal reaches only the supervisor. Its standard input is a
    pipe that is closed when the supervisor ends.

    Args:
        name: its name in the log.
        command: the program and its arguments, which every user of the machine can read: no secrets.
        environment: its whole environment; secrets go here.
        grace_period_s: how long it may take to stop before it is killed.
        on_end: called with the process's id each time the process ends, whether it was stopped or died.
        restart_delay_s: after the first crash; it doubles with each further one. None: `RESTART_DELAY_S_MIN`.
    """

    def __init__(
        self,
        *,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        grace_period_s: float,
        on_end: Callable[[int], None],
        restart_delay_s: float | None = None,
    ) -> None:
        self.name: Final = name
        self.has_died = asyncio.Event()
        """Set when the process has ended without being stopped, for the first time."""
        self.exit_code: int | None = None
        self.process_id: int | None = None
        """Of the process that runs now; None in between."""
        self._command = command
        self._environment = {**environment, SUPERVISED: "1"}
        self._grace_period_s = grace_period_s
        self._on_end = on_end
        self._restart_delay_s = restart_delay_s
        self._stopping = asyncio.Event()

    async def keep_running(self, hurrying: asyncio.Event) -> None:
        """Start the process, and start it again whenever it ends, until `stop` is called.

        Then the process has its grace period to stop. It is killed after that, or as soon as `hurrying` is set.
        """
        delay_s_min = self._restart_delay_s or RESTART_DELAY_S_MIN
        delay_s = delay_s_min
        while not self._stopping.is_set():
            started_at = time.monotonic()
            self.exit_code = await self._run_once(hurrying)
            if self._stopping.is_set():
                return
            self.has_died.set()
            if time.monotonic() - started_at > CRASH_LOOP_WITHIN_S:
                delay_s = delay_s_min
            log.error("supervisor.child.died", child=self.name, exit_code=self.exit_code, restart_in_s=delay_s)
            await wait_for_any(self._stopping, timeout_s=delay_s)
            delay_s = min(delay_s * 2, RESTART_DELAY_S_MAX)

    def stop(self) -> None:
        """Stop the process; `keep_running` returns when it has ended."""
        self._stopping.set()

    def kill(self) -> None:
        """Kill the process, for example because it hangs; `keep_running` then starts it again."""
        if self.process_id is not None:
            _kill_session(self.process_id)

    async def _run_once(self, hurrying: asyncio.Event) -> int:
        process = await asyncio.create_subprocess_exec(
            *self._command, env=self._environment, stdin=asyncio.subprocess.PIPE, start_new_session=True
        )
        self.process_id = process.pid
        log.info("supervisor.child.started", child=self.name, pid=process.pid)
        ended = asyncio.Event()
        waiting = asyncio.create_task(_set_after(process, ended))
        await wait_for_any(ended, self._stopping)
        if not ended.is_set():
            # The process can have ended just now, before `ended` was set.
            with suppress(ProcessLookupError):
                process.terminate()
            await wait_for_any(ended, hurrying, timeout_s=self._grace_period_s)
        if not ended.is_set():
            log.warning("supervisor.child.killed", child=self.name, pid=process.pid, grace_s=self._grace_period_s)
        # Processes that it started, such as the server's own worker process, must not outlive it.
        _kill_session(process.pid)
        exit_code = await waiting
        self.process_id = None
        self._on_end(process.pid)
        return exit_code


async def _set_after(process: asyncio.subprocess.Process, ended: asyncio.Event) -> int:
    exit_code = await process.wait()
    ended.set()
    return exit_code


def _kill_session(process_id: int) -> None:
    """Kill the processes that are left in the session of a process."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process_id, signal.SIGKILL)
