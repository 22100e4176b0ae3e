"""Runs jobs in sandboxes: takes the place of `run_job`."""

import asyncio
import hashlib
import subprocess
import uuid
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
import structlog

from ninefold.core.checks import Finding
from ninefold.core.egress import AddressPolicy
from ninefold.systems.workflows.execution.order import JobFolders, JobOrder
from ninefold.systems.workflows.execution.report import JobReport, JobResult
from ninefold.systems.workflows.isolation.cgroups import Cgroups, JobCgroup, find_cgroups
from ninefold.systems.workflows.isolation.egress import EgressRules
from ninefold.systems.workflows.isolation.errors import IsolationFailedError, IsolationRefusedError
from ninefold.systems.workflows.isolation.machine import Machine, examine_machine, findings
from ninefold.systems.workflows.isolation.policy import (
    PROXY_PORT,
    SERVER_NAME,
    SERVER_PORT,
    IsolationPolicy,
    JobFacts,
    ServerAddress,
    job_uid,
)
from ninefold.systems.workflows.isolation.relay import ServerRelay
from ninefold.systems.workflows.isolation.running import SandboxedJob
from ninefold.systems.workflows.isolation.sandbox import HOME, SEARCH_PATH
from ninefold.systems.workflows.isolation.scratch import (
    Scratch,
    make_jobs_folder,
    make_scratch,
    remove_leftovers,
    remove_scratch,
)

_REMEDY: Final = (
    "Run `ninefold doctor` to see what is missing, or set NINEFOLD_WORKFLOWS_ALLOW_WEAK_ISOLATION if everybody who can "
    "push may use this machine."
)

_VARIABLES: Final = {"PATH": SEARCH_PATH, "USER": "runner", "LANG": "C.UTF-8"}

log = structlog.get_logger(__name__)


class ServerUrls(msgspec.Struct, frozen=True, kw_only=True):
    """Where jobs reach Ninefold's server, without a slash at the end."""

    server: str
    """For `github.server_url`, from which official clients see that they may use the services."""
    results: str
    """For the services."""


class IsolationHost:
    """What isolates the jobs of one runner. Made by `make_isolation_host`.

    Args:
        policy: how.
        folder: in which jobs have their folders.
        machine: what there is.
        cgroups: where jobs have their control groups.
        addresses: which addresses of the network jobs may reach at all.
    """

    def __init__(
        self,
        policy: IsolationPolicy,
        folder: Path,
        machine: Machine,
        cgroups: Cgroups | None,
        addresses: AddressPolicy,
    ) -> None:
        self._policy = policy
        self._folder = folder
        self._machine = machine
        self._cgroups = cgroups
        self._addresses = addresses
        self._listeners: dict[ServerAddress, asyncio.Server] = {}

    @property
    def findings(self) -> Sequence[Finding]:
        """What `doctor` says about this machine."""
        return findings(self._machine, allows_weak=self._policy.allows_weak_isolation)

    @property
    def name(self) -> str:
        """The name of this host's control groups, unique on this machine; empty without any."""
        return self._cgroups.name if self._cgroups is not None else ""

    @property
    def is_strong(self) -> bool:
        """Whether jobs that nobody trusts are isolated well enough here."""
        return self._machine.is_strong

    async def open_way(self, server: ServerAddress) -> ServerUrls:
        """Return the addresses at which jobs reach Ninefold's server.

        In a sandbox, each job has its own way there. Without, a port of this machine leads there.

        Raises:
            OSError: there is no free port.
        """
        if self._machine.has_sandbox:
            url = f"http://{SERVER_NAME}:{SERVER_PORT}"
            return ServerUrls(server=url, results=url)
        if server not in self._listeners:
            relay = ServerRelay(server)
            listener = await asyncio.start_server(relay.connected, "127.0.0.1", 0)
            relay.name = f"localhost:{listener.sockets[0].getsockname()[1]}"
            self._listeners[server] = listener
        port = self._listeners[server].sockets[0].getsockname()[1]
        # Not every program resolves names below localhost, but git does. Official clients look only at the first.
        return ServerUrls(server=f"http://{SERVER_NAME}:{port}", results=f"http://localhost:{port}")

    def close(self) -> None:
        """Close the ways to servers, and remove what the host has made for its jobs, of which none may run any more."""
        for listener in self._listeners.values():
            listener.close()
        if self._cgroups is not None:
            self._cgroups.remove()

    def check(self, facts: JobFacts) -> None:
        """Refuse a job that can't run here.

        Raises:
            IsolationRefusedError: it isn't trusted, and would not be isolated well enough.
        """
        if facts.is_trusted or self.is_strong or self._policy.allows_weak_isolation:
            return
        missing = " ".join(finding.detail for finding in self.findings)
        raise IsolationRefusedError(f"The job isn't isolated well enough on this machine: {missing}", remedy=_REMEDY)

    async def run_job(self, order: JobOrder, report: JobReport, cancel: asyncio.Event, *, facts: JobFacts) -> JobResult:
        """Run a job to its end, as `run_job` does it, in a sandbox.

        The folders and the inherited variables of the order are replaced by those inside.

        Raises:
            IsolationRefusedError: the job can't run here. Nothing of it was run.
            IsolationFailedError: the sandbox couldn't be started. Nothing of it was run.
        """
        self.check(facts)
        name = f"job-{uuid.uuid4().hex[:16]}"
        async with AsyncExitStack() as stack:
            try:
                scratch = await asyncio.to_thread(self._make_scratch, name, facts)
            except (OSError, subprocess.SubprocessError) as error:
                raise IsolationFailedError(f"The folders of the job can't be made: {error}") from error
            stack.push_async_callback(asyncio.to_thread, remove_scratch, scratch)
            job = SandboxedJob(
                order=self._inside(order, scratch, facts),
                policy=self._policy,
                facts=facts,
                machine=self._machine,
                scratch=scratch,
                cgroup=self._make_cgroup(name),
                addresses=self._addresses,
                now=_utc_now,
            )
            return await job.run(report, cancel)

    def _make_scratch(self, name: str, facts: JobFacts) -> Scratch:
        return make_scratch(
            self._folder / name,
            uid=job_uid(self._policy, facts) if self._machine.has_users else None,
            server_name=SERVER_NAME,
            disk_bytes=self._policy.limits.disk_bytes,
            has_disks=self._machine.has_disks,
        )

    def _make_cgroup(self, name: str) -> JobCgroup | None:
        if self._cgroups is None:
            return None
        try:
            return self._cgroups.make(name, self._policy.limits)
        except OSError as error:
            raise IsolationFailedError(f"The control groups of the job can't be made: {error}") from error

    def _inside(self, order: JobOrder, scratch: Scratch, facts: JobFacts) -> JobOrder:
        """Return the order as it is inside: with other folders and variables, for a fork without secrets."""
        github = order.contexts.get("github")
        full_name = github.get("repository") if isinstance(github, dict) else None
        repository = (str(full_name or "").rpartition("/")[2] or "repository").replace("..", "_")
        home = HOME if self._machine.has_sandbox else str(scratch.home)
        work = f"{home}/work"
        return msgspec.structs.replace(
            order,
            folders=JobFolders(
                workspace=f"{work}/{repository}/{repository}",
                temp=f"{work}/_temp",
                tools=f"{work}/_tool",
                actions=f"{work}/_actions",
            ),
            secrets={} if facts.is_from_fork else order.secrets,
            variables={**order.variables, **_VARIABLES, "HOME": home, **self._proxy_variables(facts)},
        )

    def _proxy_variables(self, facts: JobFacts) -> dict[str, str]:
        if not self._machine.has_sandbox or not EgressRules(self._policy.egress, organisation_id=facts.organisation_id):
            return {}
        proxy = f"http://127.0.0.1:{PROXY_PORT}"
        values = {"http_proxy": proxy, "https_proxy": proxy, "no_proxy": f"{SERVER_NAME},localhost,127.0.0.1"}
        return {**values, **{name.upper(): value for name, value in values.items()}}


def make_isolation_host(
    policy: IsolationPolicy,
    folder: Path,
    *,
    addresses: AddressPolicy | None = None,
    machine: Callable[[Machine], Machine] = lambda machine: machine,
) -> IsolationHost:
    """Find out what this machine can do, and end what jobs of an earlier process have left. Takes some 50 ms.

    Args:
        policy: how jobs are isolated.
        folder: of this runner alone.
        addresses: which addresses jobs may reach, if the policy lets them reach any.
        machine: changes what was found, for tests.

    Raises:
        SettingError: the policy's list of hosts is invalid.
    """
    EgressRules(policy.egress)
    folder = folder.resolve()
    name = f"ninefold-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"
    cgroups = find_cgroups(name)
    found = machine(examine_machine(cgroups))
    if cgroups is not None:
        ended = cgroups.end_leftovers()
        if ended:
            log.warning("workflows.isolation.leftovers_ended", jobs=ended)
        if not found.controllers:
            cgroups = None
    jobs = make_jobs_folder(folder, name, is_shared=found.has_users and not found.has_sandbox)
    remove_leftovers(jobs)
    if not found.is_strong:
        missing = " ".join(each.detail for each in findings(found, allows_weak=policy.allows_weak_isolation))
        log.warning("workflows.isolation.weak", missing=missing)
    return IsolationHost(policy, jobs, found, cgroups, addresses or AddressPolicy())


def examine_isolation(policy: IsolationPolicy) -> Sequence[Finding]:
    """Return what `doctor` says about this machine, without a change to it.

    Raises:
        SettingError: the policy's list of hosts is invalid.
    """
    EgressRules(policy.egress)
    cgroups = find_cgroups("ninefold-doctor")
    found = findings(examine_machine(cgroups), allows_weak=policy.allows_weak_isolation)
    if cgroups is not None:
        cgroups.remove()
    return found


def _utc_now() -> datetime:
    return datetime.now(UTC)
