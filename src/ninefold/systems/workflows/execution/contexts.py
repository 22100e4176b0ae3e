"""The contexts that expressions of a job are evaluated with, and what is made of them: texts, conditions, variables."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ninefold.systems.workflows.execution.order import JobOrder
from ninefold.systems.workflows.execution.step_state import StepState
from ninefold.systems.workflows.expressions import (
    Conclusion,
    Scope,
    Status,
    evaluate,
    evaluate_template,
    hash_files_in,
    interpolate,
    is_truthy,
    parse,
)
from ninefold.systems.workflows.expressions.coercion import to_number
from ninefold.systems.workflows.expressions.conditions import is_met
from ninefold.systems.workflows.model.templates import Template
from ninefold.systems.workflows.model.values import Json, Object, Value, text_of, to_value

_FROM_ORDER: Final = ("vars", "needs", "strategy", "matrix")


class JobContexts:
    """Makes the scope of each step of a job.

    Args:
        order: the job.
    """

    def __init__(self, order: JobOrder) -> None:
        self._hash_files = hash_files_in(Path(order.folders.workspace))
        self._github = dict(_mapping(order.contexts.get("github")))
        self._constant: dict[str, Value] = {
            **{name: to_value(order.contexts.get(name, {})) for name in _FROM_ORDER},
            "secrets": Object(order.secrets),
        }
        self.inputs = to_value(order.contexts.get("inputs", {}))
        """The context `inputs` of the job's own steps."""
        self.runner = runner_context(order)

    def github(self, state: StepState | None = None) -> Mapping[str, Json]:
        """Return the context `github`, as a step sees it."""
        return {**self._github, **(state.github if state else {})}

    def set_github(self, **values: Json) -> None:
        """Set properties of the context `github` for all steps."""
        self._github.update(values)

    def scope(self, state: StepState) -> Scope:
        """Return what the expressions of a step are evaluated with."""
        conclusion = _conclusion(state)
        contexts: dict[str, Value] = {
            **self._constant,
            "github": to_value(self.github(state)),
            "env": Object(state.env, is_case_sensitive=True),
            "job": Object({"status": state.job.conclusion}),
            "runner": Object(self.runner),
            "steps": to_value(state.scope.context()),
            "inputs": state.inputs,
        }
        return Scope(contexts=Object(contexts), status=Status(conclusion=conclusion), hash_files=self._hash_files)

    def text(self, template: Template | None, state: StepState) -> str | None:
        """Return a template as text, or None if there is none.

        Raises:
            ExpressionError: it can't be evaluated.
        """
        return None if template is None else interpolate(template, self.scope(state))

    def is_true(self, template: Template | None, state: StepState) -> bool:
        """Return whether a template is truthy; without one, it isn't."""
        return template is not None and is_truthy(evaluate_template(template, self.scope(state)))

    def number(self, template: Template | None, state: StepState) -> float | None:
        """Return a template as a number, or None if there is none, or if it isn't a number."""
        if template is None:
            return None
        number = to_number(evaluate_template(template, self.scope(state)))
        return None if math.isnan(number) else number

    def condition(self, condition: Template | str | None, state: StepState) -> bool:
        """Return whether a step runs.

        If its condition has no function of status, all steps before must also have succeeded.

        Args:
            condition: `if` of a step, or the text of an expression; None for `success()`.
            state: the step.

        Raises:
            ExpressionError: it can't be evaluated.
        """
        scope = self.scope(state)
        return is_truthy(evaluate(parse(condition), scope)) if isinstance(condition, str) else is_met(condition, scope)

    def texts(self, template: Template | None, state: StepState) -> dict[str, str]:
        """Return a mapping of texts, such as `env`, `with` or `outputs`; an empty one if there is none."""
        value = None if template is None else evaluate_template(template, self.scope(state))
        if not isinstance(value, Object):
            return {}
        return {name: text_of(item) for name, item in value.items()}


def runner_context(order: JobOrder) -> dict[str, Value]:
    """Return the context `runner`."""
    runner = order.runner
    return {
        "name": runner.name,
        "os": runner.os,
        "arch": runner.arch,
        "environment": runner.environment,
        "temp": order.folders.temp,
        "tool_cache": order.folders.tools,
        "workspace": str(Path(order.folders.workspace).parent),
        **({"debug": "1"} if runner.is_debug else {}),
    }


def _conclusion(state: StepState) -> Conclusion:
    if state.job.conclusion == "cancelled" or state.parent_conclusion is None:
        return state.job.conclusion
    return state.parent_conclusion


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}
