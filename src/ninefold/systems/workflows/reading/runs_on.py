"""Checks `runs-on`: the name of a runner group."""

from typing import Final

from ninefold.systems.workflows.model.templates import Literal, Template, TemplateMapping
from ninefold.systems.workflows.model.values import text_of
from ninefold.systems.workflows.reading.entries import entries_of
from ninefold.systems.workflows.reading.problems import Problems

_PREFIXES: Final = frozenset({"org", "organization", "ent", "enterprise"})


def check_runs_on(template: Template | None, problems: Problems) -> None:
    """Add a problem if the name of the runner group has a wrong prefix."""
    group = entries_of(template).get("group") if isinstance(template, TemplateMapping) else None
    if not isinstance(group, Literal):
        return
    name = text_of(group.value)
    prefix, *rest = name.split("/")
    if not rest:
        return
    if len(rest) > 1 or prefix not in _PREFIXES:
        message = f"Invalid runs-on group name '{name}'."
        remedy = "Please use 'organization/' or 'enterprise/' prefix to target a single runner group."
        problems.add(f"{message} {remedy}", group.position)
    elif not rest[0]:
        problems.add(f"Invalid runs-on group name '{name}'.", group.position)
