"""How a runner runs a job: directly as its own user, or in a sandbox."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from ninefold.core.config import CoreSettings, read_settings
from ninefold.core.egress import AddressPolicy
from ninefold.systems.workflows.execution.job import run_job
from ninefold.systems.workflows.execution.order import JobOrder
from ninefold.systems.workflows.execution.report import JobReport, JobResult
from ninefold.systems.workflows.isolation.policy import policy_of
from ninefold.systems.workflows.runner.sandboxes import SandboxExecutor
from ninefold.systems.workflows.service.fleet.protocol import Assignment
from ninefold.systems.workflows.settings import WorkflowsSettings


class JobExecutor(Protocol):
    """Runs jobs."""

    async def run(self, assignment: Assignment, order: JobOrder, report: JobReport, cancel: asyncio.Event) -> JobResult:
        """Run a job to its end. If the call is cancelled, everything of the job ends at once.

        Args:
            assignment: whose job it is, and whether it is trusted.
            order: the job.
            report: takes what it says.
            cancel: set to cancel the job; steps with `always()` still run.
        """


class DirectExecutor:
    """Runs jobs as the user of the runner, which they can do everything that this user can."""

    async def run(self, assignment: Assignment, order: JobOrder, report: JobReport, cancel: asyncio.Event) -> JobResult:
        """Run a job to its end."""
        del assignment
        return await run_job(order, report, cancel)


def open_executor(
    settings: WorkflowsSettings, *, folder: Path, server_url: str, addresses: AddressPolicy
) -> JobExecutor:
    """Return what runs jobs.

    Args:
        settings: how jobs are isolated.
        folder: of the runner.
        server_url: where the runner reaches the server.
        addresses: which addresses jobs may reach, if the settings let them reach any.

    Raises:
        SettingError: a setting is invalid.
    """
    if settings.runner_isolation == "none":
        return DirectExecutor()
    policy = policy_of(settings)
    mirrors = settings.actions_folder
    readable = (*policy.readable, str(mirrors))
    return SandboxExecutor(
        msgspec.structs.replace(policy, readable=readable, hidden=(str(folder),)),
        folder,
        server_url=server_url,
        mirrors=mirrors,
        addresses=addresses,
    )


def reachable_addresses(environment: Mapping[str, str]) -> AddressPolicy:
    """Return which addresses jobs may reach at all: those that all requests of Ninefold may.

    Raises:
        SettingError: a setting is invalid.
    """
    settings = read_settings(CoreSettings, prefix="NINEFOLD_", environment=environment)
    return AddressPolicy.from_cidrs(settings.egress_allow)
