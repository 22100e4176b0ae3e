"""One job in its sandbox, seen from outside: starts it, listens to it, and ends it."""

import asyncio
import os
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from typing import Final

import msgspec
import psutil
import structlog

from ninefold.core.egress import AddressPolicy, SystemResolver
from ninefold.systems.workflows.execution.order import JobOrder
from ninefold.systems.workflows.execution.report import JobReport, JobResult
from ninefold.systems.workflows.isolation.cgroups import JobCgroup
from ninefold.systems.workflows.isolation.egress import EgressProxy, EgressRules
from ninefold.systems.workflows.isolation.errors import IsolationFailedError
from ninefold.systems.workflows.isolation.frames import (
    FRAME_BYTES_MAX,
    LENGTH_BYTES,
    ORDER_BYTES_MAX,
    InsideRelay,
    Setup,
    decode,
    encode,
)
from ninefold.systems.workflows.isolation.machine import Machine
from ninefold.systems.workflows.isolation.policy import PROXY_PORT, SERVER_PORT, IsolationPolicy, JobFacts, job_uid
from ninefold.systems.workflows.isolation.received import ProtocolError, ReceivedReport
from ninefold.systems.workflows.isolation.relay import ServerRelay, serve_socket
from ninefold.systems.workflows.isolation.sandbox import SEARCH_PATH, SOCKETS, Sandbox
from ninefold.systems.workflows.isolation.scratch import Scratch, used_bytes
from ninefold.systems.workflows.isolation.system_calls import open_filter

_START_TIMEOUT_S: Final = 60.0
_GRACE_S: Final = 30.0
"""How much longer than its own limits the inside may take."""

_READ_BYTES: Final = 256 * 1024
_ERRORS_BYTES_MAX: Final = 4096
_DISK_CHECK_S: Final = 1.0

log = structlog.get_logger(__name__)


class SandboxedJob:
    """A job that can be run once."""

    def __init__(
        self,
        *,
        order: JobOrder,
        policy: IsolationPolicy,
        facts: JobFacts,
        machine: Machine,
        scratch: Scratch,
        cgroup: JobCgroup | None,
        addresses: AddressPolicy,
        now: Callable[[], datetime],
    ) -> None:
        self._order = order
        self._policy = policy
        self._facts = facts
        self._machine = machine
        self._scratch = scratch
        self._cgroup = cgroup
        self._addresses = addresses
        self._now = now
        self._uid = job_uid(policy, facts) if machine.has_users else None
        self._errors = b""
        self._why: str | None = None
        """Why it was ended from outside."""

    async def run(self, report: JobReport, cancel: asyncio.Event) -> JobResult:
        """Run it to its end.

        Raises:
            IsolationFailedError: the sandbox couldn't be started. Nothing of the job was run.
        """
        steps_max = 3 * len(self._order.steps) + 2
        received = ReceivedReport(
            report, steps_max=steps_max, log_bytes_max=self._policy.limits.log_bytes, now=self._now
        )
        async with AsyncExitStack() as stack:
            if self._cgroup is not None:
                stack.push_async_callback(asyncio.to_thread, self._cgroup.end)
            relays = await self._open_relays(received, stack)
            process = await self._start()
            stack.push_async_callback(_end, process, has_own_processes=self._machine.has_sandbox)
            tasks = [
                asyncio.create_task(each)
                for each in (self._keep_errors(process), self._watch(process, cancel), self._watch_disk(process))
            ]
            stack.callback(lambda: [task.cancel() for task in tasks])
            try:
                await self._talk(process, relays, received, report)
            except ProtocolError as error:
                self._why = f"The process that runs the job has said something that it can't say: {error}."
            if received.result is not None:
                return received.result
            if self._why is None:
                with suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), _START_TIMEOUT_S)
            return self._without_result(received, process, cancel)

    def _without_result(
        self, received: ReceivedReport, process: asyncio.subprocess.Process, cancel: asyncio.Event
    ) -> JobResult:
        why = self._why
        if why is None and not received.has_begun:
            raise IsolationFailedError(
                f"The sandbox has ended with {process.returncode} before the job began: {self._error_text()}"
            )
        if why is None:
            why = "The process that runs the job was ended."
            log.warning("workflows.isolation.executor_ended", job=self._facts.job_id, error=self._error_text())
            if self._cgroup is not None and self._cgroup.was_out_of_memory():
                why = f"The job has used more than {self._policy.limits.memory_bytes} bytes of memory."
        return received.give_up("cancelled" if cancel.is_set() else "failure", why)

    def _error_text(self) -> str:
        return self._errors.decode(errors="replace").strip() or "no message"

    async def _open_relays(self, received: ReceivedReport, stack: AsyncExitStack) -> list[InsideRelay]:
        if not self._machine.has_sandbox:
            # Without a network of its own, the job has that of this machine, whose ports it may not take.
            return []
        relays = []
        if self._facts.server is not None:
            server = await serve_socket(
                self._scratch.sockets / "server", ServerRelay(self._facts.server).connected, uid=self._uid
            )
            stack.callback(server.close)
            relays.append(InsideRelay(SERVER_PORT, f"{SOCKETS}/server"))
        rules = EgressRules(self._policy.egress, organisation_id=self._facts.organisation_id)
        if rules:
            resolver = SystemResolver()
            stack.callback(resolver.close)
            proxy = EgressProxy(
                rules,
                addresses=self._addresses,
                resolver=resolver,
                say=received.say,
                context={"job": self._facts.job_id, "organisation": self._facts.organisation_id},
            )
            server = await serve_socket(self._scratch.sockets / "proxy", proxy.connected, uid=self._uid)
            stack.callback(server.close)
            relays.append(InsideRelay(PROXY_PORT, f"{SOCKETS}/proxy"))
        return relays

    async def _start(self) -> asyncio.subprocess.Process:
        calls = open_filter() if self._machine.has_sandbox else None
        sandbox = Sandbox(
            machine=self._machine,
            scratch=self._scratch,
            uid=self._uid,
            cgroup_files=self._cgroup.files if self._cgroup else (),
            readable=self._policy.readable,
            hidden=self._policy.hidden,
            filter_number=calls,
        )
        try:
            return await asyncio.create_subprocess_exec(
                *sandbox.command(),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd="/",
                env={"PATH": SEARCH_PATH, "LANG": "C.UTF-8", "HOME": "/"},
                limit=_READ_BYTES,
                start_new_session=True,
                pass_fds=() if calls is None else (calls,),
            )
        except OSError as error:
            raise IsolationFailedError(f"The sandbox can't be started: {error}") from error
        finally:
            if calls is not None:
                os.close(calls)

    async def _talk(
        self,
        process: asyncio.subprocess.Process,
        relays: list[InsideRelay],
        received: ReceivedReport,
        report: JobReport,
    ) -> None:
        """Send the order, and pass on what comes, until the inside has ended or said its result."""
        assert process.stdin is not None
        assert process.stdout is not None
        limits = self._policy.limits
        setup = encode(
            Setup(order=self._order, relays=relays, open_files=limits.open_files, file_bytes=limits.file_bytes)
        )
        if len(setup) > ORDER_BYTES_MAX:
            raise IsolationFailedError("The order of the job is larger than 64 MiB.")
        with suppress(ConnectionError):
            process.stdin.write(setup)
            await process.stdin.drain()
        try:
            while received.result is None:
                length = int.from_bytes(await process.stdout.readexactly(LENGTH_BYTES), "big")
                if length > FRAME_BYTES_MAX:
                    raise ProtocolError(f"a message of {length} bytes")
                received.take(decode(await process.stdout.readexactly(length)))
                await report.flush()
        except asyncio.IncompleteReadError:
            pass
        except (msgspec.DecodeError, RecursionError) as error:
            raise ProtocolError("a message that can't be read") from error

    async def _keep_errors(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while piece := await process.stderr.read(_ERRORS_BYTES_MAX):
            self._errors = (self._errors + piece)[-_ERRORS_BYTES_MAX:]

    async def _watch(self, process: asyncio.subprocess.Process, cancel: asyncio.Event) -> None:
        """Cancel the job when it is asked for, and end it if it takes longer than its limits allow."""
        assert process.stdin is not None
        with suppress(TimeoutError):
            await asyncio.wait_for(cancel.wait(), self._order.timeout_s + _GRACE_S)
        with suppress(ConnectionError):
            process.stdin.write(b"c")
            await process.stdin.drain()
        await asyncio.sleep(self._order.cancel_timeout_s + _GRACE_S)
        self._stop(process, "The job didn't end in time.")

    async def _watch_disk(self, process: asyncio.subprocess.Process) -> None:
        """End the job if it takes too much space; with a disk of its own, the kernel refuses it more."""
        if self._scratch.has_disk:
            return
        limit = self._policy.limits.disk_bytes
        while True:
            await asyncio.sleep(_DISK_CHECK_S)
            if await asyncio.to_thread(used_bytes, self._scratch.disk) > limit:
                self._stop(process, f"The job has used more than {limit} bytes of disk space.")

    def _stop(self, process: asyncio.subprocess.Process, why: str) -> None:
        self._why = self._why or why
        with suppress(ProcessLookupError):
            process.kill()


async def _end(process: asyncio.subprocess.Process, *, has_own_processes: bool) -> None:
    """End the process, with which all end that it has started; without namespaces, they are looked for."""
    started = [] if has_own_processes else await asyncio.to_thread(_descendants, process.pid)
    with suppress(ProcessLookupError):
        process.kill()
    for each in started:
        with suppress(psutil.Error):
            each.kill()
    await process.wait()


def _descendants(pid: int) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return psutil.Process(pid).children(recursive=True)
    return []
