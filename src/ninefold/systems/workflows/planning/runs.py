"""What a run has before its jobs: its name and its concurrency group."""

from ninefold.systems.workflows.errors import ExpressionError
from ninefold.systems.workflows.expressions import Object, Scope, interpolate
from ninefold.systems.workflows.model.workflow import Workflow
from ninefold.systems.workflows.planning.decisions import PlannedConcurrency
from ninefold.systems.workflows.planning.job_values import evaluate_concurrency
from ninefold.systems.workflows.planning.planner import RunContexts


def run_name(workflow: Workflow, contexts: RunContexts, *, default: str) -> str:
    """Return the name of a run: its `run-name`, or the default if it is empty or can't be evaluated."""
    if workflow.run_name is None:
        return default
    try:
        return interpolate(workflow.run_name, run_scope(contexts)).strip() or default
    except ExpressionError:
        return default


def run_concurrency(workflow: Workflow, contexts: RunContexts) -> PlannedConcurrency | None:
    """Return the concurrency group of a run.

    Raises:
        ExpressionError, InvalidPlanError: it can't be evaluated, or its name is empty or too long.
    """
    return evaluate_concurrency(workflow.concurrency, run_scope(contexts))


def run_scope(contexts: RunContexts) -> Scope:
    """Return what the expressions of a workflow outside its jobs are evaluated with."""
    return Scope(contexts=Object([("github", contexts.github), ("vars", contexts.vars), ("inputs", contexts.inputs)]))
