"""The runner that `ninefold up` starts when the first job is queued: the process `workflows.runner`."""

import asyncio
import os
import signal
import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from ninefold.core.processes import ProcessAddress, ProcessContext, SystemProcess
from ninefold.systems.workflows.runner.client import RunnerUnknownError
from ninefold.systems.workflows.runner.executor import open_executor, reachable_addresses
from ninefold.systems.workflows.runner.loop import RunnerLoop, RunnerOptions, Stopping
from ninefold.systems.workflows.settings import WorkflowsSettings

RUNNER_PROCESS: Final = "workflows.runner"
TOKEN_FILE: Final = "registration-token"  # noqa: S105 - a name.

TOKEN_POLL_S: Final = 0.2
GRACE_PERIOD_S: Final = 10.0
"""How long jobs have when `ninefold up` stops; they are cancelled."""

log = structlog.get_logger(__name__)


def folder_of(settings: WorkflowsSettings) -> Path:
    """Return the folder of the runner of `ninefold up`."""
    assert settings.runner_folder is not None, "`read_workflows_settings` has set it"
    return Path(settings.runner_folder)


def token_path(settings: WorkflowsSettings) -> Path:
    """Return the file through which the server allows the runner of `ninefold up` to register."""
    return folder_of(settings) / TOKEN_FILE


def run_local_runner(context: ProcessContext[WorkflowsSettings]) -> None:
    """Run jobs until SIGTERM."""
    asyncio.run(_run(context))


async def check(address: ProcessAddress) -> None:
    """Ask whether its event loop still turns.

    Raises:
        OSError: it doesn't answer.
    """
    reader, writer = await asyncio.open_unix_connection(address.ready_socket)
    try:
        if not await reader.read(1):
            raise ConnectionError("The runner closed the connection.")
    finally:
        writer.close()


async def _run(context: ProcessContext[WorkflowsSettings]) -> None:
    stopping = Stopping()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        # The server stops too, so that nobody could wait for the jobs.
        stopping.ask()
        stopping.ask()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    server = await asyncio.start_unix_server(_answer, path=context.address.starting_socket)
    async with server:
        context.address.announce()
        settings = context.settings
        executor = open_executor(
            settings,
            folder=folder_of(settings),
            server_url=settings.runner_server_url or "",
            addresses=reachable_addresses(os.environ),
        )
        while not stopping.draining.is_set():
            token = await _read_token(settings, stopping)
            if token is None:
                return
            options = RunnerOptions(
                url=settings.runner_server_url or "",
                registration_token=token,
                folder=folder_of(settings),
                name=socket.gethostname(),
                jobs_max=settings.runner_jobs,
            )
            try:
                await RunnerLoop(options, executor, stopping).run()
            except RunnerUnknownError as error:
                # The database is another one than before, or somebody has removed the runner: it registers again.
                log.warning("workflows.runner.unknown", error=str(error))
                await asyncio.sleep(TOKEN_POLL_S)


async def _read_token(settings: WorkflowsSettings, stopping: Stopping) -> str | None:
    """Return the token that the server has written; None if the runner stops before that."""
    while not stopping.draining.is_set():
        with suppress(FileNotFoundError):
            return token_path(settings).read_text().strip()
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.draining.wait(), TOKEN_POLL_S)
    return None


async def _answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"!")
    with suppress(ConnectionError):
        await writer.drain()
    writer.close()


def _is_needed(settings: WorkflowsSettings) -> bool:
    return settings.runner_jobs > 0


PROCESSES: Final = (
    SystemProcess(
        name=RUNNER_PROCESS,
        run=run_local_runner,
        check=check,
        is_needed=_is_needed,
        grace_period_s=GRACE_PERIOD_S,
    ),
)
