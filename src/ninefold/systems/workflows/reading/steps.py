"""Makes steps of jobs and of composite actions from templates."""

import re
from typing import Final

from ninefold.systems.workflows.expressions import Allowed
from ninefold.systems.workflows.expressions.conditions import condition_of_text
from ninefold.systems.workflows.model.templates import ExpressionPart, Interpolation, Literal, Template
from ninefold.systems.workflows.model.values import text_of
from ninefold.systems.workflows.model.workflow import RunStep, Step, UsesStep
from ninefold.systems.workflows.reading.entries import entries_of, items_of, text_at
from ninefold.systems.workflows.reading.identifiers import StepIds
from ninefold.systems.workflows.reading.problems import Problems
from ninefold.systems.workflows.reading.texts import check_expression

_LOCAL: Final = ("./", ".\\", "$/")
_CONTAINER: Final = "docker://"
_REMOTE: Final = re.compile(r"[/\\]*([^/\\@]+)[/\\]+([^/\\@]+)(?:[/\\][^@]*)?@([^@]+)")


def make_steps(template: Template | None, *, condition_allows: Allowed, problems: Problems) -> tuple[Step, ...]:
    """Return the steps of a sequence.

    Args:
        template: the sequence.
        condition_allows: what the conditions of its steps may use.
        problems: gets what is wrong.
    """
    ids = StepIds()
    items = items_of(template)
    # The ids that were written come first, so that those that are made differ from all of them.
    written = [_written_id(item, ids, problems) for item in items]
    steps = [
        _make_step(item, step_id, ids, condition_allows=condition_allows, problems=problems)
        for item, step_id in zip(items, written, strict=True)
    ]
    return tuple(step for step in steps if step is not None)


def _written_id(item: Template, ids: StepIds, problems: Problems) -> str | None:
    template = entries_of(item).get("id")
    if not isinstance(template, Literal):
        return None
    text = text_of(template.value)
    if wrong := ids.add(text):
        problems.add(wrong, template.position)
        return None
    return text


def _make_step(
    item: Template, step_id: str | None, ids: StepIds, *, condition_allows: Allowed, problems: Problems
) -> Step | None:
    entries = entries_of(item)
    condition = make_condition(entries.get("if"), allowed=condition_allows, problems=problems)
    if "run" in entries:
        return RunStep(
            id=step_id or ids.make("run"),
            run=entries["run"],
            name=entries.get("name"),
            if_=condition,
            shell=entries.get("shell"),
            working_directory=entries.get("working-directory"),
            env=entries.get("env"),
            timeout_minutes=entries.get("timeout-minutes"),
            continue_on_error=entries.get("continue-on-error"),
            position=item.position,
        )
    uses = text_at(entries, "uses")
    if uses is None:
        problems.add("Steps beside others aren't supported", item.position, remedy="Write the steps one after another.")
        return None
    _check_uses(uses, entries["uses"], problems)
    return UsesStep(
        id=step_id or ids.make(_action_name(uses) or "run"),
        uses=uses,
        name=entries.get("name"),
        if_=condition,
        with_=entries.get("with"),
        env=entries.get("env"),
        timeout_minutes=entries.get("timeout-minutes"),
        continue_on_error=entries.get("continue-on-error"),
        position=item.position,
    )


def make_condition(template: Template | None, *, allowed: Allowed, problems: Problems) -> Template | None:
    """Return an `if` as a template with its expression; None if there is none, or only white space."""
    if not isinstance(template, Literal):
        return template
    condition = condition_of_text(template)
    if isinstance(condition, Interpolation) and isinstance(part := condition.parts[0], ExpressionPart):
        check_expression(part.text, template.position, allowed=allowed, problems=problems)
    return condition


def _check_uses(uses: str, template: Template, problems: Problems) -> None:
    if uses.startswith((*_LOCAL, _CONTAINER)) or _REMOTE.fullmatch(uses):
        return
    message = f"Expected format {{org}}/{{repo}}[/path]@ref. Actual '{uses}'"
    problems.add(message, template.position, remedy="An action of this repository begins with ./")


def _action_name(uses: str) -> str:
    """Return what the id of a step that has none is made of."""
    if uses.startswith(_CONTAINER):
        return uses.removeprefix(_CONTAINER)
    if uses.startswith(_LOCAL):
        return "self"
    match = _REMOTE.fullmatch(uses)
    return f"{match[1]}/{match[2]}" if match else ""
