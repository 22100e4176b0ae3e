"""How a runner runs a job: directly as its own user, or in a sandbox."""

import asyncio
from typing import Protocol

from ninefold.systems.workflows.execution.job import run_job
from ninefold.systems.workflows.execution.order import JobOrder
from ninefold.systems.workflows.execution.report import JobReport, JobResult
from ninefold.systems.workflows.fleet_errors import RunnerIsolationError
from ninefold.systems.workflows.service.fleet.protocol import Assignment
from ninefold.systems.workflows.settings import PREFIX, RunnerIsolation


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


def open_executor(isolation: RunnerIsolation) -> JobExecutor:
    """Return what runs jobs.

    Raises:
        RunnerIsolationError: this machine, or this version, can't isolate them as it is asked to.
    """
    if isolation == "none":
        return DirectExecutor()
    raise RunnerIsolationError(
        "This version can't run jobs in a sandbox yet, and so runs none.",
        field=f"{PREFIX}RUNNER_ISOLATION",
        remedy=f"If all code that runs here is trusted, set {PREFIX}RUNNER_ISOLATION=none.",
    )


def can_isolate(isolation: RunnerIsolation) -> bool:
    """Return whether jobs can be isolated as it is asked for."""
    return isolation == "none"
