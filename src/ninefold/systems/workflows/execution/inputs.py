"""The inputs of an action: what the step gives, and the defaults of the action."""

from collections.abc import Iterable

from ninefold.systems.workflows.execution.errors import ActionError
from ninefold.systems.workflows.execution.parts import JobParts
from ninefold.systems.workflows.execution.step_log import StepLog
from ninefold.systems.workflows.execution.step_state import StepState
from ninefold.systems.workflows.model.action import Action, Plugin
from ninefold.systems.workflows.model.values import fold
from ninefold.systems.workflows.model.workflow import UsesStep


def evaluate_inputs(
    parts: JobParts, step: UsesStep, action: Action, state: StepState, log: StepLog | None
) -> dict[str, str]:
    """Return the inputs by the names that the step, or else the action has written.

    Args:
        parts: the job.
        step: the step.
        action: the action that it uses.
        state: the step's own state.
        log: is warned of inputs that the action doesn't declare, or that are deprecated.

    Raises:
        ExpressionError: a value can't be evaluated.
        ActionError: Ninefold's own version of an action has no such input.
    """
    given = parts.contexts.texts(step.with_, state)
    if log is not None:
        _warn(given, action, log)
    known = {fold(name) for name in given}
    defaults = {
        name: parts.contexts.text(declared.default, state) or ""
        for name, declared in action.inputs.items()
        if fold(name) not in known
    }
    return {**given, **defaults}


def _warn(given: Iterable[str], action: Action, log: StepLog) -> None:
    declared = {fold(name): each for name, each in action.inputs.items()}
    for name in given:
        each = declared.get(fold(name))
        if each is not None and each.deprecation_message:
            log.write_warning(f"Input '{name}' has been deprecated with message: {each.deprecation_message}")
    unexpected = "', '".join(name for name in given if fold(name) not in declared)
    if not unexpected:
        return
    valid = "', '".join(action.inputs)
    message = f"Unexpected input(s) '{unexpected}', valid inputs are ['{valid}']"
    if isinstance(action.runs, Plugin):
        # The official action may have it, so a run without it could do something else than what is meant.
        raise ActionError(f"{message}. This is Ninefold's own version of the action: add a mirror of the official one.")
    log.write_warning(message)
