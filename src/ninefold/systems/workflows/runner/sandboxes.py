"""Runs jobs in sandboxes, each with its way to the server that the runner works for."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import structlog

from ninefold.core.egress import AddressPolicy
from ninefold.core.errors import NinefoldError
from ninefold.systems.workflows.execution.order import HostedActions, JobOrder
from ninefold.systems.workflows.execution.report import (
    JobReport,
    JobResult,
    LogLine,
    StepInfo,
    StepResult,
)
from ninefold.systems.workflows.isolation.errors import IsolationFailedError, IsolationRefusedError
from ninefold.systems.workflows.isolation.host import IsolationHost, ServerUrls, make_isolation_host
from ninefold.systems.workflows.isolation.policy import IsolationPolicy, JobFacts, ServerAddress
from ninefold.systems.workflows.service.fleet.protocol import Assignment

_FOLDER: Final = "sandboxes"
_STEP: Final = StepInfo(1, "__isolation", "Set up job")
_PORTS: Final = {False: 80, True: 443}

log = structlog.get_logger(__name__)


class SandboxExecutor:
    """Runs jobs in sandboxes.

    Args:
        policy: how they are isolated.
        folder: of the runner; it is used from the first job on, when the runner has it for itself.
        server_url: where this runner reaches the server.
        mirrors: a folder with actions, which jobs can read.
        addresses: which addresses jobs may reach at all.
    """

    def __init__(
        self,
        policy: IsolationPolicy,
        folder: Path,
        *,
        server_url: str,
        mirrors: Path | None = None,
        addresses: AddressPolicy | None = None,
    ) -> None:
        self._policy = policy
        self._folder = folder / _FOLDER
        self._server = _address_of(server_url)
        self._mirrors = mirrors
        self._addresses = addresses
        self._host: IsolationHost | None = None
        self._making = asyncio.Lock()

    async def run(self, assignment: Assignment, order: JobOrder, report: JobReport, cancel: asyncio.Event) -> JobResult:
        """Run a job to its end. If it can't be isolated, it fails, its log says why, and nothing of it is run."""
        facts = JobFacts(
            job_id=assignment.job_id,
            organisation_id=assignment.organisation_id,
            organisation_number=assignment.uid_number,
            is_trusted=assignment.is_trusted,
            is_from_fork=assignment.is_from_fork,
            server=self._server,
        )
        try:
            host = await self._open_host()
            inside = self._inside(order, await host.open_way(self._server))
            return await host.run_job(inside, report, cancel, facts=facts)
        except (IsolationRefusedError, IsolationFailedError) as error:
            log.warning("workflows.isolation.not_run", job=assignment.job_id, error=str(error))
            return _say_why(report, error)

    def close(self) -> None:
        """Close the ways to the server."""
        if self._host is not None:
            self._host.close()

    async def _open_host(self) -> IsolationHost:
        async with self._making:
            if self._host is None:
                self._host = await asyncio.to_thread(
                    make_isolation_host, self._policy, self._folder, addresses=self._addresses
                )
            return self._host

    def _inside(self, order: JobOrder, urls: ServerUrls) -> JobOrder:
        """Return the order with the addresses of the server as they are inside."""
        services = order.services
        if services is not None:
            services = msgspec.structs.replace(
                services, results_url=f"{urls.results}/", runtime_url=None, cache_url=None
            )
        return msgspec.structs.replace(
            order,
            contexts={**order.contexts, "github": {**_github_of(order), "server_url": urls.server}},
            services=services,
            hosted_actions=hosted_actions(order, urls.server),
            mirrors=str(self._mirrors) if self._mirrors is not None and self._mirrors.is_dir() else None,
        )


def hosted_actions(order: JobOrder, url: str) -> HostedActions | None:
    """Return where a job finds actions of its own organisation, if it has a token."""
    github = _github_of(order)
    if order.services is None:
        return None
    owner = str(github.get("repository_owner") or "")
    return HostedActions(url=f"{url}/git", token=order.services.token, owner=owner)


def _github_of(order: JobOrder) -> Mapping[str, Any]:
    github = order.contexts.get("github")
    return github if isinstance(github, Mapping) else {}


def _address_of(url: str) -> ServerAddress:
    parts = urlsplit(url)
    is_tls = parts.scheme == "https"
    return ServerAddress(host=parts.hostname or "127.0.0.1", port=parts.port or _PORTS[is_tls], is_tls=is_tls)


def _say_why(report: JobReport, error: NinefoldError) -> JobResult:
    at = datetime.now(UTC)
    report.step_started(_STEP, at)
    for text in (f"##[error]{error.detail}", error.remedy):
        if text:
            report.line(LogLine(_STEP, at, text))
    result = StepResult(step=_STEP, outcome="failure", conclusion="failure", started_at=at, ended_at=datetime.now(UTC))
    report.step_ended(result)
    return JobResult(conclusion="failure", outputs={}, steps=(result,))
