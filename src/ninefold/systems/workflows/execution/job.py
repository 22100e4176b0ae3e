"""Runs one job on this machine: sets it up, runs its steps, and completes it."""

import asyncio
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from ninefold.systems.workflows.errors import ExpressionError
from ninefold.systems.workflows.execution.action_store import ActionStore
from ninefold.systems.workflows.execution.actions import ActionUse, Stage, prepare_actions
from ninefold.systems.workflows.execution.completion import complete_job
from ninefold.systems.workflows.execution.contexts import JobContexts
from ninefold.systems.workflows.execution.errors import StepError
from ninefold.systems.workflows.execution.masking import Masker
from ninefold.systems.workflows.execution.order import JobOrder
from ninefold.systems.workflows.execution.parts import JobParts
from ninefold.systems.workflows.execution.processes import RunningProcesses
from ninefold.systems.workflows.execution.report import (
    JobConclusion,
    JobReport,
    JobResult,
    StepConclusion,
    StepInfo,
    StepResult,
)
from ninefold.systems.workflows.execution.setup import set_up_job
from ninefold.systems.workflows.execution.stages import run_stage
from ninefold.systems.workflows.execution.step_log import StepLog
from ninefold.systems.workflows.execution.step_names import step_name
from ninefold.systems.workflows.execution.step_state import JobState, StepsScope, StepState
from ninefold.systems.workflows.model.workflow import Step, UsesStep

_SETUP: Final = "Set up job"
_COMPLETION: Final = "Complete job"

_CONCLUSIONS: Final[Mapping[StepConclusion, JobConclusion]] = {
    "success": "success",
    "failure": "failure",
    "cancelled": "cancelled",
    "skipped": "success",
}


def _utc_now() -> datetime:
    return datetime.now(UTC)


async def run_job(
    order: JobOrder, report: JobReport, cancel: asyncio.Event, *, now: Callable[[], datetime] = _utc_now
) -> JobResult:
    """Run a job to its end.

    Args:
        order: the job.
        report: takes what it says.
        cancel: set to cancel the job; steps with `always()` and `post` of actions still run, for a limited time.
        now: returns the time.

    Raises:
        Exception: only what `report` raises, or a fault of this code. What a workflow does wrong is in the log.
    """
    run = _JobRun(order, report, now)
    watcher = asyncio.create_task(run.watch(cancel))
    try:
        return await run.run()
    finally:
        watcher.cancel()
        run.end_processes()


def _secret_texts(order: JobOrder) -> Iterator[str]:
    yield from order.secrets.values()
    if order.services is not None:
        yield order.services.token
    if order.hosted_actions is not None:
        yield order.hosted_actions.token
    github = order.contexts.get("github")
    token = github.get("token") if isinstance(github, Mapping) else None
    if isinstance(token, str):
        yield token


class _JobRun:
    def __init__(self, order: JobOrder, report: JobReport, now: Callable[[], datetime]) -> None:
        job = JobState(masker=Masker(_secret_texts(order)))
        folders = order.folders
        self._parts = JobParts(
            order=order,
            report=report,
            job=job,
            contexts=JobContexts(order),
            processes=RunningProcesses(tracking_id=f"ninefold_{uuid.uuid4()}", times=order.times),
            store=ActionStore(
                folders.actions, mirrors=order.mirrors, workspace=folders.workspace, hosted=order.hosted_actions
            ),
            now=now,
        )
        self._scope = StepsScope()
        self._uses: dict[int, ActionUse] = {}
        self._posts: list[tuple[UsesStep, ActionUse]] = []
        self._results: list[StepResult] = []
        self._is_timed_out = False
        self._is_complete = False

    async def watch(self, cancel: asyncio.Event) -> None:
        """Cancel the job when it is asked for or when its time is over, and abort it if it doesn't end then."""
        order = self._parts.order
        try:
            await asyncio.wait_for(cancel.wait(), order.timeout_s)
        except TimeoutError:
            self._is_timed_out = True
        self._parts.job.cancel()
        await asyncio.sleep(order.cancel_timeout_s)
        self._parts.job.abort()

    async def run(self) -> JobResult:
        """Run all steps."""
        if await self._set_up():
            for index, step in enumerate(self._parts.order.steps):
                use = self._uses.get(index)
                if use is not None and use.has("pre"):
                    await self._run_step(step, use, "pre")
            for index, step in enumerate(self._parts.order.steps):
                await self._run_step(step, self._uses.get(index), "main")
            for step, use in reversed(self._posts):
                await self._run_step(step, use, "post")
        outputs = await self._complete()
        return JobResult(conclusion=self._conclusion(), outputs=outputs, steps=tuple(self._results))

    def end_processes(self) -> None:
        """End what still runs if the job was given up; otherwise nothing does."""
        if not self._is_complete:
            self._parts.processes.end_leftovers()

    async def _set_up(self) -> bool:
        log, started_at = self._begin("__set_up", _SETUP)
        end: StepConclusion = "success"
        try:
            await set_up_job(self._parts, self._own_state("__set_up"), log)
            self._uses = await prepare_actions(self._parts.order.steps, self._parts.store, log)
        except (StepError, ExpressionError, OSError) as error:
            log.write_error(str(error))
            end = "failure"
        self._end(log, started_at, outcome=end, conclusion=end)
        return end == "success"

    async def _complete(self) -> Mapping[str, str]:
        log, started_at = self._begin("__complete", _COMPLETION)
        if self._is_timed_out:
            minutes = self._parts.order.timeout_s / 60
            log.write_error(f"The job has exceeded the maximum execution time of {minutes:g} minutes.")
        end: StepConclusion = "success"
        outputs: Mapping[str, str] = {}
        try:
            outputs = await complete_job(self._parts, self._own_state("__complete"), log)
        except ExpressionError as error:
            log.write_error("Fail to evaluate job outputs")
            log.write_error(str(error))
            end = "failure"
        self._is_complete = True
        self._end(log, started_at, outcome=end, conclusion=end)
        return outputs

    async def _run_step(self, step: Step, use: ActionUse | None, stage: Stage) -> None:
        state = self._own_state(step.id)
        with suppress(ExpressionError):  # `run_step` reports it.
            state.overrides.update(self._parts.contexts.texts(step.env, state))
        name = step_name(self._parts, step, state, stage=stage)
        log, started_at = self._begin(step.id, name)
        end = await run_stage(self._parts, step, use, stage, state=state, log=log, name=name)
        if isinstance(step, UsesStep) and use is not None and stage != "post":
            self._register_post(step, use)
        self._end(log, started_at, outcome=end.outcome, conclusion=end.conclusion)

    def _register_post(self, step: UsesStep, use: ActionUse) -> None:
        if use.has_begun and use.has("post") and all(known is not use for _, known in self._posts):
            self._posts.append((step, use))

    def _own_state(self, step_id: str) -> StepState:
        contexts = self._parts.contexts
        return StepState(
            job=self._parts.job,
            id=step_id,
            scope=self._scope,
            github={"action": step_id},
            inputs=contexts.inputs,
        )

    def _begin(self, step_id: str, name: str) -> tuple[StepLog, datetime]:
        parts = self._parts
        info = StepInfo(len(self._results) + 1, step_id, name)
        log = StepLog(
            info,
            parts.report,
            parts.job.masker,
            now=parts.now,
            is_debug=parts.order.runner.is_debug,
            workspace=parts.order.folders.workspace,
        )
        started_at = parts.now()
        parts.report.step_started(info, started_at)
        return log, started_at

    def _end(self, log: StepLog, started_at: datetime, *, outcome: StepConclusion, conclusion: StepConclusion) -> None:
        if conclusion == "failure" and self._parts.job.conclusion == "success":
            self._parts.job.conclusion = "failure"
        result = StepResult(
            step=log.step, outcome=outcome, conclusion=conclusion, started_at=started_at, ended_at=self._parts.now()
        )
        self._results.append(result)
        self._parts.report.step_ended(result)

    def _conclusion(self) -> JobConclusion:
        if self._is_timed_out:
            return "timed_out"
        return _CONCLUSIONS[self._parts.job.conclusion]
