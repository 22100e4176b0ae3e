"""The names of steps, as people see them."""

from typing import Final

from ninefold.systems.workflows.errors import ExpressionError
from ninefold.systems.workflows.execution.actions import Stage
from ninefold.systems.workflows.execution.parts import JobParts
from ninefold.systems.workflows.execution.step_state import StepState
from ninefold.systems.workflows.model.templates import Template, source_text
from ninefold.systems.workflows.model.workflow import RunStep, Step

_PREFIXES: Final[dict[Stage, str]] = {"pre": "Pre ", "main": "", "post": "Post "}


def step_name(parts: JobParts, step: Step, state: StepState, *, stage: Stage = "main") -> str:
    """Return the name of a step. It is masked, and has expressions in it that can't be evaluated (yet)."""
    if step.name is not None:
        name = _first_line(_text(parts, step.name, state))
    elif isinstance(step, RunStep):
        name = f"Run {_first_line(_text(parts, step.run, state))}"
    else:
        name = f"Run {step.uses}"
    return parts.job.masker.mask(_PREFIXES[stage] + name)


def _text(parts: JobParts, template: Template, state: StepState) -> str:
    try:
        return parts.contexts.text(template, state) or ""
    except ExpressionError:
        return source_text(template)


def _first_line(text: str) -> str:
    return text.strip(" \t\r\n").replace("\r", "\n").split("\n")[0]
