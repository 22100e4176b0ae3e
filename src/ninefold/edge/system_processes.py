"""Runs the processes that systems add: from the first time that each is needed, and again when it dies or hangs."""

import asyncio
import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import structlog

from ninefold.core.config import CoreSettings
from ninefold.core.processes import (
    ProcessAddress,
    ProcessContext,
    ProcessFolder,
    ProcessRunsAlreadyError,
    SystemProcess,
)
from ninefold.core.telemetry.logs import configure_logging
from ninefold.core.waiting import wait_for_any
from ninefold.edge.children import Child
from ninefold.edge.processes import SUPERVISED, end_with_supervisor
from ninefold.edge.systems import SYSTEMS, credential_kinds

CHECK_INTERVAL_S: Final = 2.0
TAKE_OVER_INTERVAL_S: Final = 1.0
"""How often it is tried to run a process that another installation with the same data folder runs."""

log = structlog.get_logger(__name__)


def system_processes(environment: Mapping[str, str]) -> list[tuple[SystemProcess[Any], Any]]:
    """Return the processes that can be needed with these settings, each with the settings of its system.

    Raises:
        SettingError: a setting is wrong.
    """
    found = []
    for system in SYSTEMS:
        settings = system.read_settings(environment)
        found += [(process, settings) for process in system.processes if process.is_needed(settings)]
    return found


def run_system_process(name: str, settings: CoreSettings, environment: Mapping[str, str]) -> None:
    """Be a process of a system, until SIGTERM.

    Args:
        name: its name, which is in `system_processes`.
        settings: the core's.
        environment: where its system reads its settings.

    Raises:
        ProcessRunsAlreadyError: it wasn't started by a supervisor, and another process has its place.
    """
    configure_logging(settings.log_level, settings.log_format, process=name, credential_kinds=credential_kinds())
    is_supervised = SUPERVISED in os.environ
    end_with_supervisor(os.environ)
    process, own_settings = next(each for each in system_processes(environment) if each[0].name == name)
    address = ProcessFolder.of(settings.data_dir).address(name)
    context = ProcessContext(settings=own_settings, address=address, data_dir=settings.data_dir)
    if is_supervised:
        # The supervisor has the place.
        _serve(process, context)
    else:
        with address.exclusive():
            _serve(process, context)


def _serve(process: SystemProcess[Any], context: ProcessContext[Any]) -> None:
    context.address.remove_sockets()
    try:
        process.run(context)
    finally:
        context.address.remove_sockets()


class ProcessKeeper:
    """Keeps one process of a system running, from the first time that a client asks for it.

    Args:
        process: what to run.
        child: runs it.
        address: where it is reached.
    """

    def __init__(self, process: SystemProcess[Any], child: Child, address: ProcessAddress) -> None:
        self._process = process
        self._child = child
        self._address = address
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Stop the process; `run` returns when it has ended."""
        self._stopping.set()
        self._child.stop()

    async def run(self, hurrying: asyncio.Event) -> None:
        """Wait until the process is needed, and keep it running until `stop` is called.

        Args:
            hurrying: kills the process while it is stopping.
        """
        while not self._stopping.is_set():
            try:
                with self._address.exclusive(), self._address.listen_for_start_requests() as requests:
                    await self._run_when_needed(requests, hurrying)
            except ProcessRunsAlreadyError:
                await wait_for_any(self._stopping, timeout_s=TAKE_OVER_INTERVAL_S)

    async def _run_when_needed(self, requests: socket.socket, hurrying: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        is_requested = asyncio.Event()
        loop.add_reader(requests, _on_start_request, requests, is_requested)
        try:
            self._address.remove_sockets()
            await wait_for_any(is_requested, self._stopping)
            if not self._stopping.is_set():
                watching = asyncio.create_task(self._kill_if_it_hangs())
                try:
                    await self._child.keep_running(hurrying)
                finally:
                    watching.cancel()
        finally:
            loop.remove_reader(requests)
            self._address.start_socket.unlink(missing_ok=True)
            self._address.remove_sockets()

    async def _kill_if_it_hangs(self) -> None:
        loop = asyncio.get_running_loop()
        process_id, ready_until = None, 0.0
        while True:
            await asyncio.sleep(CHECK_INTERVAL_S)
            if self._stopping.is_set():
                # It doesn't answer any more, and has its grace period.
                return
            if self._child.process_id != process_id:
                process_id, ready_until = self._child.process_id, loop.time() + self._process.ready_within_s
            if process_id is None:
                continue
            if not self._address.ready_socket.exists():
                is_hanging = loop.time() > ready_until
            else:
                is_hanging = not await self._does_its_work()
            if is_hanging and self._child.process_id == process_id:
                log.error("supervisor.process.hangs", child=self._child.name, pid=process_id)
                self._child.kill()

    async def _does_its_work(self) -> bool:
        # Whatever is raised, the process didn't answer as it should.
        with suppress(Exception):
            async with asyncio.timeout(self._process.hangs_after_s):
                await self._process.check(self._address)
            return True
        return False


def _on_start_request(requests: socket.socket, is_requested: asyncio.Event) -> None:
    with suppress(BlockingIOError):
        while requests.recv(16):
            is_requested.set()


def banners(processes: Sequence[tuple[SystemProcess[Any], Any]]) -> list[str]:
    """Return what `ninefold up` says about these processes."""
    lines = [process.banner(settings) for process, settings in processes]
    return [line for line in lines if line]
