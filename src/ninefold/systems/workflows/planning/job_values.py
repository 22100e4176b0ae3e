"""Evaluates what a job has before it runs: its matrix, name, labels, limits and concurrency group."""

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from ninefold.systems.workflows.errors import InvalidPlanError
from ninefold.systems.workflows.expressions import (
    Object,
    Scope,
    evaluate_template,
    interpolate,
    is_truthy,
    text_of,
    to_json_data,
)
from ninefold.systems.workflows.model.templates import Template
from ninefold.systems.workflows.model.values import Json
from ninefold.systems.workflows.model.workflow import AnyJob, Concurrency, Job, RunDefaults, Strategy
from ninefold.systems.workflows.planning.decisions import PlannedConcurrency
from ninefold.systems.workflows.planning.matrix import JOBS_MAX, Combination, expand_matrix

TIMEOUT_MINUTES: Final = 360.0
"""How long a job may run if it doesn't say so."""

GROUP_LENGTH_MAX: Final = 400
"""Names of concurrency groups must be shorter."""


class JobSet(NamedTuple):
    """The jobs that one definition stands for."""

    combinations: Sequence[Combination | None]
    """None for a job without a matrix."""
    fails_fast: bool
    parallel_max: int

    def strategy(self, index: int) -> Object:
        """Return the context `strategy` of one of the jobs."""
        return Object(
            [
                ("fail-fast", self.fails_fast),
                ("job-index", float(index)),
                ("job-total", float(len(self.combinations))),
                ("max-parallel", float(self.parallel_max)),
            ]
        )


def expand_jobs(strategy: Strategy | None, scope: Scope, *, jobs_max: int = JOBS_MAX) -> JobSet:
    """Return the jobs of a strategy.

    Raises:
        ExpressionError, InvalidPlanError: the strategy can't be evaluated, or has no jobs, or too many.
    """
    if strategy is None:
        return JobSet([None], fails_fast=True, parallel_max=1)
    combinations: Sequence[Combination | None] = [None]
    if strategy.matrix is not None:
        combinations = expand_matrix(evaluate_template(strategy.matrix, scope), jobs_max=jobs_max)
    parallel_max = _number(strategy.max_parallel, scope, "max-parallel")
    if parallel_max is not None and parallel_max < 1:
        raise InvalidPlanError("max-parallel is less than 1.", field="strategy.max-parallel")
    return JobSet(
        combinations,
        fails_fast=_flag(strategy.fail_fast, scope, default=True),
        parallel_max=len(combinations) if parallel_max is None else min(math.floor(parallel_max), len(combinations)),
    )


class Target(NamedTuple):
    """Which runners can take a job."""

    labels: tuple[str, ...]
    group: str | None


def evaluate_target(job: Job, scope: Scope) -> Target:
    """Return where a job can run.

    Raises:
        ExpressionError, InvalidPlanError: `runs-on` can't be evaluated, or names nothing.
    """
    runs_on = evaluate_template(job.runs_on, scope)
    value, group = (runs_on.get("labels"), runs_on.get("group")) if isinstance(runs_on, Object) else (runs_on, None)
    labels = tuple(text_of(label) for label in (value if isinstance(value, list) else [value]) if text_of(label))
    if not labels and not group:
        raise InvalidPlanError("`runs-on` names no label and no group.", field="runs-on")
    return Target(labels, text_of(group) or None)


def evaluate_timeout(job: Job, scope: Scope) -> float:
    """Return after how many minutes a job is ended.

    Raises:
        ExpressionError, InvalidPlanError: it can't be evaluated, or isn't a positive number.
    """
    minutes = _number(job.timeout_minutes, scope, "timeout-minutes")
    if minutes is not None and minutes <= 0:
        raise InvalidPlanError("timeout-minutes isn't positive.", field="timeout-minutes")
    return TIMEOUT_MINUTES if minutes is None else minutes


def continues_on_error(job: AnyJob, scope: Scope) -> bool:
    """Return whether the run goes on as if a job that failed had succeeded."""
    return isinstance(job, Job) and _flag(job.continue_on_error, scope, default=False)


def evaluate_concurrency(concurrency: Concurrency | None, scope: Scope) -> PlannedConcurrency | None:
    """Return a concurrency group with its values.

    Raises:
        ExpressionError, InvalidPlanError: it can't be evaluated, or its name is empty or too long.
    """
    if concurrency is None:
        return None
    group = interpolate(concurrency.group, scope)
    if not group or len(group) >= GROUP_LENGTH_MAX:
        wrong = "cannot be empty" if not group else f"must be less than {GROUP_LENGTH_MAX} characters"
        raise InvalidPlanError(f"Concurrency group name {wrong}", field="concurrency")
    return PlannedConcurrency(
        group=group,
        cancel_in_progress=_flag(concurrency.cancel_in_progress, scope, default=False),
        queue=interpolate(concurrency.queue, scope) if concurrency.queue is not None else "single",
    )


def merged_defaults(outer: RunDefaults, inner: RunDefaults) -> RunDefaults:
    """Return the defaults of `run` steps of a job, with those of its workflow where it has none."""
    return RunDefaults(
        shell=inner.shell if inner.shell is not None else outer.shell,
        working_directory=inner.working_directory if inner.working_directory is not None else outer.working_directory,
    )


def plain(values: Object) -> Mapping[str, Json]:
    """Return an Object as plain data."""
    return {name: to_json_data(value) for name, value in values.items()}


def _flag(template: Template | None, scope: Scope, *, default: bool) -> bool:
    return default if template is None else is_truthy(evaluate_template(template, scope))


def _number(template: Template | None, scope: Scope, field: str) -> float | None:
    value = None if template is None else evaluate_template(template, scope)
    if value is None or value == "":
        return None
    try:
        return float(text_of(value))
    except ValueError as error:
        raise InvalidPlanError(f"{field} isn't a number: {text_of(value)}", field=field) from error
