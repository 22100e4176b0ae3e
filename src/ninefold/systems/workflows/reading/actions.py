"""Reads actions: `action.yml` or `action.yaml`."""

from functools import cache
from typing import Final

from ninefold.systems.workflows.expressions import Allowed, allowed_of_grammar
from ninefold.systems.workflows.model.action import (
    Action,
    ActionInput,
    ActionOutput,
    Composite,
    ContainerAction,
    JavaScript,
    Plugin,
    Runs,
)
from ninefold.systems.workflows.model.templates import Template
from ninefold.systems.workflows.reading.definitions import action_grammar
from ninefold.systems.workflows.reading.entries import entries_of, flag_at, text_at
from ninefold.systems.workflows.reading.problems import Problems
from ninefold.systems.workflows.reading.steps import make_steps
from ninefold.systems.workflows.reading.workflow_files import read_template

ACTION_FILES: Final = ("action.yml", "action.yaml")
"""The names of an action's file, in the order in which they are looked for."""


def read_action(text: str, *, file: str, is_strict: bool = False, is_built_in: bool = False) -> Action:
    """Return the action of a file.

    Args:
        text: the contents of the file.
        file: its path, for messages.
        is_strict: whether unknown keys are errors; GitHub's runner ignores them.
        is_built_in: whether it is one of Ninefold's own, which can be a plugin.

    Raises:
        InvalidFileError: something in it is wrong; has up to ten problems, with their places.
    """
    problems = Problems(file)
    root_type = "action-root-strict" if is_strict else "action-root"
    root = read_template(text, grammar=action_grammar(), root=root_type, problems=problems)
    entries = entries_of(root)
    plugin = text_at(entries_of(entries.get("runs")), "plugin") if is_built_in else None
    runs = Plugin(name=plugin) if plugin else _make_runs(entries.get("runs"), root, problems)
    problems.check()
    return Action(
        name=text_at(entries, "name") or file,
        description=text_at(entries, "description"),
        inputs={name: _input(each) for name, each in entries_of(entries.get("inputs")).items()},
        outputs={name: _output(each) for name, each in entries_of(entries.get("outputs")).items()},
        runs=runs,
    )


def _input(template: Template) -> ActionInput:
    entries = entries_of(template)
    return ActionInput(
        description=text_at(entries, "description"),
        required=flag_at(entries, "required"),
        default=entries.get("default"),
        deprecation_message=text_at(entries, "deprecationMessage"),
    )


def _output(template: Template) -> ActionOutput:
    entries = entries_of(template)
    return ActionOutput(description=text_at(entries, "description"), value=entries.get("value"))


@cache
def _step_condition() -> Allowed:
    return allowed_of_grammar(action_grammar()["step-if"].context)


def _make_runs(template: Template | None, root: Template, problems: Problems) -> Runs:
    entries = entries_of(template)
    using = (text_at(entries, "using") or "").lower()
    if using == "composite":
        return Composite(steps=make_steps(entries.get("steps"), condition_allows=_step_condition(), problems=problems))
    if using == "docker":
        return ContainerAction(image=text_at(entries, "image") or "")
    main = text_at(entries, "main")
    position = root.position if template is None else template.position
    if not using.startswith("node"):
        problems.add(
            f"Unexpected value '{using}'", position, remedy="runs.using is composite, node20, node24 or docker."
        )
    elif not main:
        problems.add("Required property is missing: main", position)
    return JavaScript(
        using=using,
        main=main or "",
        pre=text_at(entries, "pre"),
        pre_if=text_at(entries, "pre-if") or "always()",
        post=text_at(entries, "post"),
        post_if=text_at(entries, "post-if") or "always()",
    )
