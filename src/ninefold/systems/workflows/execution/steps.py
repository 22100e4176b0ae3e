"""Runs a step, of a job or of a composite action: its condition, its timeout, its outcome and its conclusion."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

import msgspec

from ninefold.systems.workflows.errors import ExpressionError
from ninefold.systems.workflows.execution.errors import StepError
from ninefold.systems.workflows.execution.parts import JobParts
from ninefold.systems.workflows.execution.report import StepConclusion
from ninefold.systems.workflows.execution.step_log import StepLog
from ninefold.systems.workflows.execution.step_state import StepState
from ninefold.systems.workflows.model.templates import Template
from ninefold.systems.workflows.model.workflow import Step

_MINUTE_S: Final = 60

Perform = Callable[[], Awaitable[StepConclusion]]
"""Does what a step is for, and returns how that ended. Raises StepError or ExpressionError if it can't."""


class StepEnd(msgspec.Struct, frozen=True):
    """How a step ended, before and after `continue-on-error`."""

    outcome: StepConclusion
    conclusion: StepConclusion


async def run_step(
    parts: JobParts,
    step: Step,
    state: StepState,
    log: StepLog,
    *,
    condition: Template | str | None,
    name: str,
    perform: Perform,
) -> StepEnd:
    """Run a step if its condition is true. Never raises: what goes wrong is in its log.

    Args:
        parts: the job.
        step: the step, with its variables, its timeout and whether it may fail.
        state: the step's own state.
        log: takes what it says.
        condition: as `JobContexts.condition` takes it.
        name: for messages.
        perform: does what the step is for.
    """
    outcome = await _outcome(parts, step, state, log, condition=condition, name=name, perform=perform)
    conclusion = outcome
    if outcome == "failure" and _may_fail(parts, step, state, log):
        conclusion = "success"
    state.set_result(outcome, conclusion)
    return StepEnd(outcome, conclusion)


async def _outcome(
    parts: JobParts,
    step: Step,
    state: StepState,
    log: StepLog,
    *,
    condition: Template | str | None,
    name: str,
    perform: Perform,
) -> StepConclusion:
    try:
        state.overrides.update(parts.contexts.texts(step.env, state))
        if state.job.is_aborted or not parts.contexts.condition(condition, state):
            return "skipped"
        minutes = parts.contexts.number(step.timeout_minutes, state) or 0
    except ExpressionError as error:
        log.write_error(f"{step.position}: {error}")
        return "failure"
    with _stopping(parts, state, log, condition=condition), _timing(state, minutes):
        outcome = await _perform(state, log, perform)
    if state.is_timed_out:
        after = f" after {minutes:g} minutes" if minutes > 0 else ""
        log.write_error(f"The action '{name}' has timed out{after}.")
        return "failure"
    if state.stop.is_set():
        log.write_error("The operation was canceled.")
        return "cancelled"
    return "failure" if state.has_failed_command and outcome == "success" else outcome


async def _perform(state: StepState, log: StepLog, perform: Perform) -> StepConclusion:
    try:
        return await perform()
    except (StepError, ExpressionError) as error:
        if not state.stop.is_set():
            log.write_error(str(error))
        return "failure"


@contextmanager
def _stopping(parts: JobParts, state: StepState, log: StepLog, *, condition: Template | str | None) -> Iterator[None]:
    """Stop the step when the job is cancelled, unless its condition is still true."""

    def stop_unless_wanted() -> None:
        if state.job.is_aborted or not _is_wanted(parts, state, log, condition):
            state.stop.set()

    with state.job.watching(stop_unless_wanted):
        yield


def _is_wanted(parts: JobParts, state: StepState, log: StepLog, condition: Template | str | None) -> bool:
    try:
        return parts.contexts.condition(condition, state)
    except ExpressionError as error:
        log.write_error(str(error))
        return False


@contextmanager
def _timing(state: StepState, minutes: float) -> Iterator[None]:
    """Stop the step when its time is over, or that of the composite action around it."""
    loop = asyncio.get_running_loop()
    deadlines = [state.deadline] if state.deadline is not None else []
    if minutes > 0:
        deadlines.append(loop.time() + minutes * _MINUTE_S)
    state.deadline = min(deadlines, default=None)

    def expire() -> None:
        state.is_timed_out = True
        state.stop.set()

    timer = loop.call_at(state.deadline, expire) if state.deadline is not None else None
    try:
        yield
    finally:
        if timer is not None:
            timer.cancel()


def _may_fail(parts: JobParts, step: Step, state: StepState, log: StepLog) -> bool:
    try:
        return parts.contexts.is_true(step.continue_on_error, state)
    except ExpressionError as error:
        log.write_error(
            "The step failed and an error occurred when attempting to determine whether to continue on error."
        )
        log.write_error(str(error))
        return False
