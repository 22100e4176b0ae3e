"""Runs the jobs of one workflow on this machine, as the planner decides."""

import asyncio
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from ninefold.core.errors import InvalidInputError
from ninefold.systems.workflows.commands.local.printing import JobPrinter
from ninefold.systems.workflows.execution.job import run_job
from ninefold.systems.workflows.execution.order import JobFolders, JobOrder, RunnerInfo
from ninefold.systems.workflows.model.values import Json
from ninefold.systems.workflows.planning import (
    Cancel,
    Decision,
    End,
    EnterGroup,
    Expand,
    JobConclusion,
    LeaveGroup,
    Outcome,
    PlannedJob,
    Planner,
    Start,
    Wait,
    passed_secrets,
)


class Printer(Protocol):
    """Prints a run."""

    def job(self, name: str) -> JobPrinter:
        """Return what prints one job."""


class LocalSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What is the same for all jobs of a local run."""

    folder: Path
    """Where the jobs have their folders; the caller creates and removes it."""
    github: Mapping[str, Json]
    """The context `github`, without what belongs to a workflow or a job."""
    secrets: Mapping[str, str]
    variables: Mapping[str, str]
    """The context `vars`."""
    mirrors: str | None
    jobs_max: int
    is_debug: bool = False


class EndedJob(msgspec.Struct, frozen=True):
    """A job that has ended, or that wasn't run, and why."""

    name: str
    conclusion: JobConclusion
    duration_s: float | None = None
    why: str | None = None


class LocalRun:
    """One run of a workflow.

    Args:
        planner: decides about jobs.
        settings: what the jobs need.
        printer: prints them.
        only: the jobs to run, by their keys in the workflow; None for all. Others count as successful.
    """

    def __init__(
        self, planner: Planner, settings: LocalSettings, printer: Printer, *, only: Callable[[PlannedJob], bool]
    ) -> None:
        self._planner = planner
        self._settings = settings
        self._printer = printer
        self._only = only
        self._slots = asyncio.Semaphore(settings.jobs_max)
        self._cancels: dict[str, asyncio.Event] = {}
        self._tasks: dict[asyncio.Task[Outcome], str] = {}
        self.ended: list[EndedJob] = []
        """In the order in which they ended."""

    async def run(self, cancel: asyncio.Event) -> None:
        """Run all jobs to their end.

        Args:
            cancel: set to cancel the run; `always()` and `post` still run.
        """
        self._take(self._planner.begin())
        cancelling = asyncio.create_task(self._cancel_when_asked(cancel))
        try:
            while self._tasks:
                done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    self._take(self._planner.finish(self._tasks.pop(task), task.result()))
        finally:
            cancelling.cancel()

    async def _cancel_when_asked(self, cancel: asyncio.Event) -> None:
        await cancel.wait()
        self._take(self._planner.cancel())

    def _take(self, decisions: Sequence[Decision]) -> None:
        for decision in decisions:
            match decision:
                case Start(job=job):
                    self._start(job)
                case End():
                    self.ended.append(EndedJob(decision.name, decision.conclusion, why=decision.why))
                case Cancel():
                    self._cancels[decision.key].set()
                case EnterGroup(key=key):
                    # There is no other run on this machine.
                    self._take(self._planner.entered(key))
                case Wait() | Expand() | LeaveGroup():
                    # It starts by itself, and there is nothing that a person could do.
                    pass

    def _start(self, planned: PlannedJob) -> None:
        self._cancels[planned.key] = asyncio.Event()
        work = self._run_job(planned) if self._only(planned) else _leave_out()
        self._tasks[asyncio.create_task(work)] = planned.key

    async def _run_job(self, planned: PlannedJob) -> Outcome:
        printer = self._printer.job(planned.name)
        cancel = self._cancels[planned.key]
        async with self._slots:
            if cancel.is_set():
                self.ended.append(EndedJob(planned.name, "cancelled"))
                return Outcome(conclusion="cancelled")
            began = asyncio.get_running_loop().time()
            try:
                order = self._order(planned)
            except InvalidInputError as error:
                self.ended.append(EndedJob(planned.name, "failure", why=str(error)))
                return Outcome(conclusion="failure")
            result = await run_job(order, printer, cancel)
            printer.ended(result)
            await asyncio.to_thread(shutil.rmtree, Path(order.folders.temp).parent, ignore_errors=True)
        duration_s = asyncio.get_running_loop().time() - began
        self.ended.append(EndedJob(planned.name, result.conclusion, duration_s))
        return Outcome(conclusion=result.conclusion, outputs=result.outputs)

    def _order(self, planned: PlannedJob) -> JobOrder:
        settings = self._settings
        # The path is part of what people see in logs, so it has the repository's name, as on GitHub.
        repository = str(settings.github["repository"]).partition("/")[2]
        folder = settings.folder / planned.key.replace("/", "_")
        return JobOrder(
            job_id=planned.job.id,
            name=planned.name,
            steps=planned.job.steps,
            contexts={
                "github": {**settings.github, **self._workflow_context(planned)},
                "vars": settings.variables,
                "needs": planned.needs,
                "strategy": planned.strategy,
                "matrix": planned.matrix,
                "inputs": planned.inputs,
            },
            secrets=passed_secrets(settings.secrets, planned.secrets),
            event=settings.github["event"],
            env=planned.env,
            defaults=planned.defaults,
            outputs=planned.job.outputs,
            timeout_s=planned.timeout_minutes * 60,
            container=planned.job.container,
            containers_of_services=planned.job.services,
            folders=JobFolders(
                workspace=str(folder / repository / repository),
                temp=str(folder / "_temp"),
                tools=str(settings.folder / "_tools"),
                actions=str(settings.folder / "_actions"),
            ),
            mirrors=settings.mirrors,
            runner=RunnerInfo(name="local", is_debug=settings.is_debug),
            variables=_inherited_variables(),
        )

    def _workflow_context(self, planned: PlannedJob) -> dict[str, Json]:
        github = self._settings.github
        return {
            "workflow": planned.workflow_name,
            "workflow_ref": f"{github['repository']}/{planned.workflow_file}@{github['ref']}",
            "workflow_sha": github["sha"],
            "job": planned.job.id,
        }


async def _leave_out() -> Outcome:
    return Outcome(conclusion="success")


def _inherited_variables() -> dict[str, str]:
    """Return the environment of this process without what belongs to another run, or to Ninefold itself."""
    left_out = ("GITHUB_", "RUNNER_", "ACTIONS_", "INPUT_", "STATE_", "NINEFOLD_", "GIT_")
    return {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
