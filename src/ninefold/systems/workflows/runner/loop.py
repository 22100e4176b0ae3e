"""The loop of a runner: claims jobs while it has room, and drains when it is asked to stop."""

import asyncio
import os
import platform
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import httpx
import msgspec
import structlog

from ninefold import __version__
from ninefold.systems.workflows.errors import StaleLeaseError
from ninefold.systems.workflows.runner.client import (
    RunnerClient,
    RunnerRefusedError,
    RunnerUnknownError,
    ServerAwayError,
)
from ninefold.systems.workflows.runner.executor import JobExecutor
from ninefold.systems.workflows.runner.folders import Identity, RunnerFolder
from ninefold.systems.workflows.runner.working import WorkingJob
from ninefold.systems.workflows.service.fleet.protocol import Claim, Leave, Register

_ARCHITECTURES: Final = {"x86_64": "x64", "aarch64": "arm64"}

LEAVE_TIMEOUT_S: Final = 3.0
"""How long a runner that stops waits for a server that is away."""

log = structlog.get_logger(__name__)


class RunnerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a runner is."""

    url: str
    registration_token: str | None
    """None if it is registered already."""
    folder: Path
    name: str = msgspec.field(default_factory=socket.gethostname)
    labels: Sequence[str] = ()
    runner_group: str = ""
    jobs_max: int = 1
    is_ephemeral: bool = False


class Stopping:
    """How a runner is told to stop: first it drains, then it cancels its jobs."""

    def __init__(self) -> None:
        self.draining: Final = asyncio.Event()
        self.canceling: Final = asyncio.Event()

    def ask(self) -> None:
        """Take no further jobs; if that was asked before, cancel those that run."""
        if self.draining.is_set():
            self.canceling.set()
        self.draining.set()


class RunnerLoop:
    """Runs jobs until it is told to stop, or has no further use.

    Args:
        options: what it is.
        executor: runs its jobs.
        stopping: tells it to stop.
        transport: how requests travel; tests put the application itself here.
    """

    def __init__(
        self,
        options: RunnerOptions,
        executor: JobExecutor,
        stopping: Stopping,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._options = options
        self._executor = executor
        self._stopping = stopping
        self._transport = transport
        self._folder = RunnerFolder(options.folder)
        self._jobs: dict[WorkingJob, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Register if that is needed, and run jobs.

        Raises:
            RunnerFolderTakenError: another runner uses the folder.
            RunnerRefusedError: the server refuses the runner.
        """
        with self._folder.exclusive():
            identity = await self._identify_unless_stopped()
            if identity is None:
                return
            canceling = asyncio.create_task(self._cancel_when_asked())
            async with RunnerClient(self._options.url, identity.token, transport=self._transport) as client:
                try:
                    await self._work(client)
                    await self._leave(client)
                except RunnerUnknownError:
                    # The next start registers again.
                    self._folder.forget_identity()
                    raise
                finally:
                    canceling.cancel()
                    for task in self._jobs.values():
                        task.cancel()
                    await asyncio.gather(*self._jobs.values(), return_exceptions=True)

    async def _identify_unless_stopped(self) -> Identity | None:
        """Return who the runner is; None if it is told to stop before it knows, as while the server is away."""
        identifying = asyncio.create_task(self._identify())
        draining = asyncio.create_task(self._stopping.draining.wait())
        try:
            await asyncio.wait([identifying, draining], return_when=asyncio.FIRST_COMPLETED)
            return identifying.result() if identifying.done() else None
        finally:
            draining.cancel()
            identifying.cancel()
            await asyncio.wait([identifying, draining])

    async def _identify(self) -> Identity:
        options = self._options
        identity = self._folder.read_identity(url=options.url)
        if identity is not None and not options.is_ephemeral:
            return identity
        if options.registration_token is None:
            raise RunnerRefusedError(
                "The runner isn't registered at this server.", field="--token", remedy="Give a registration token."
            )
        async with RunnerClient(options.url, options.registration_token, transport=self._transport) as client:
            registered = await client.register(
                Register(
                    name=options.name[:100],
                    labels=[*_machine_labels(), *options.labels],
                    runner_group=options.runner_group,
                    jobs_max=options.jobs_max,
                    is_ephemeral=options.is_ephemeral,
                    version=__version__,
                )
            )
        identity = Identity(url=options.url, runner_id=registered.runner_id, token=registered.token)
        if not options.is_ephemeral:
            self._folder.write_identity(identity)
        log.info("workflows.runner.registered", runner_id=identity.runner_id, labels=list(registered.labels))
        return identity

    async def _work(self, client: RunnerClient) -> None:
        draining = asyncio.create_task(self._stopping.draining.wait())
        try:
            while not draining.done():
                self._forget_ended()
                slots = self._options.jobs_max - len(self._jobs)
                if slots <= 0:
                    await asyncio.wait([*self._jobs.values(), draining], return_when=asyncio.FIRST_COMPLETED)
                    continue
                claiming = asyncio.create_task(
                    client.claim(Claim(slots=slots, holding=[job.job_id for job in self._jobs]))
                )
                await asyncio.wait([claiming, draining], return_when=asyncio.FIRST_COMPLETED)
                if not claiming.done():
                    claiming.cancel()
                    break
                answer = claiming.result()
                for claimed in answer.jobs:
                    job = WorkingJob(claimed, client, self._executor, self._folder, name=self._options.name)
                    self._jobs[job] = asyncio.create_task(job.run())
                if answer.is_draining or (self._options.is_ephemeral and answer.jobs):
                    break
        finally:
            draining.cancel()
        if self._jobs:
            log.info("workflows.runner.draining", jobs=len(self._jobs))
            await asyncio.wait(self._jobs.values())
            self._forget_ended()

    def _forget_ended(self) -> None:
        for job, task in list(self._jobs.items()):
            if task.done():
                del self._jobs[job]
                # What it raises is a refusal of the whole runner.
                task.result()

    async def _cancel_when_asked(self) -> None:
        await self._stopping.canceling.wait()
        for job in self._jobs:
            job.cancel()

    async def _leave(self, client: RunnerClient) -> None:
        """Give back what was claimed and not begun, so that it doesn't have to wait until its lease is over.

        A runner that is hurried doesn't wait for a server that is away: that of `ninefold up` stops before its runner.
        """
        is_hurried = self._stopping.canceling.is_set()
        try:
            async with asyncio.timeout(LEAVE_TIMEOUT_S):
                await client.leave(Leave(is_removed=self._options.is_ephemeral), is_tried_once=is_hurried)
        except (TimeoutError, ServerAwayError, StaleLeaseError):
            log.info("workflows.runner.left_without_an_answer")


def _machine_labels() -> list[str]:
    machine = platform.machine()
    return [os.uname().sysname.lower(), _ARCHITECTURES.get(machine, machine.lower())]
