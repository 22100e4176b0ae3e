"""Makes the triggers of a workflow from the template of its `on`."""

from collections.abc import Mapping
from typing import Final

from ninefold.systems.workflows.model.templates import Literal, Template, TemplateMapping
from ninefold.systems.workflows.model.triggers import (
    CallOutput,
    CallSecret,
    CallTrigger,
    Filters,
    Input,
    Schedule,
    Triggers,
)
from ninefold.systems.workflows.model.values import text_of
from ninefold.systems.workflows.reading.cron import is_cron, is_timezone
from ninefold.systems.workflows.reading.entries import entries_of, flag_at, items_of, text_at, texts_of
from ninefold.systems.workflows.reading.problems import Problems

_OPPOSITES: Final = ("branches", "tags", "paths")
_INPUT_TYPES: Final = frozenset({"string", "boolean", "number", "choice", "environment"})


def make_triggers(template: Template, problems: Problems) -> Triggers:
    """Return what starts a workflow; what is wrong is added to `problems`."""
    configured = _events(template)
    return Triggers(
        events={
            name: _filters(name, each, problems)
            for name, each in configured.items()
            if name not in {"schedule", "workflow_dispatch", "workflow_call"}
        },
        schedules=_schedules(configured.get("schedule"), problems),
        dispatch=_dispatch(configured, problems),
        call=_call(configured, problems),
        position=template.position,
    )


def _events(template: Template) -> Mapping[str, Template | None]:
    if isinstance(template, TemplateMapping):
        return entries_of(template)
    return dict.fromkeys(texts_of(template) or ())


def _filters(event: str, template: Template | None, problems: Problems) -> Filters:
    entries = entries_of(template)
    for name in _OPPOSITES:
        if name in entries and f"{name}-ignore" in entries:
            message = f"You may only define one of `{name}` and `{name}-ignore` for a single event"
            remedy = f"Write what is excluded into `{name}`, with `!` before it."
            problems.warn(message, entries[f"{name}-ignore"].position, remedy=f"{remedy} `{event}` starts nothing.")
    return Filters(
        types=texts_of(entries.get("types")),
        branches=texts_of(entries.get("branches")),
        branches_ignore=texts_of(entries.get("branches-ignore")),
        tags=texts_of(entries.get("tags")),
        tags_ignore=texts_of(entries.get("tags-ignore")),
        paths=texts_of(entries.get("paths")),
        paths_ignore=texts_of(entries.get("paths-ignore")),
        workflows=texts_of(entries.get("workflows")),
    )


def _schedules(template: Template | None, problems: Problems) -> tuple[Schedule, ...]:
    return tuple(_schedule(entries_of(item), problems) for item in items_of(template))


def _schedule(entries: Mapping[str, Template], problems: Problems) -> Schedule:
    cron, timezone = text_at(entries, "cron") or "", text_at(entries, "timezone")
    if not is_cron(cron):
        message = "Invalid cron expression. Expected format: '* * * * *' (minute hour day month weekday)"
        problems.add(message, entries["cron"].position)
    if timezone is not None and not is_timezone(timezone):
        remedy = "Use a name such as Europe/Berlin."
        problems.add(f"Invalid timezone '{timezone}'", entries["timezone"].position, remedy=remedy)
    return Schedule(cron=cron, timezone=timezone or "UTC")


def _dispatch(configured: Mapping[str, Template | None], problems: Problems) -> Mapping[str, Input] | None:
    if "workflow_dispatch" not in configured:
        return None
    return _inputs(entries_of(configured["workflow_dispatch"]).get("inputs"), problems)


def _call(configured: Mapping[str, Template | None], problems: Problems) -> CallTrigger | None:
    if "workflow_call" not in configured:
        return None
    entries = entries_of(configured["workflow_call"])
    return CallTrigger(
        inputs=_inputs(entries.get("inputs"), problems),
        secrets={name: _secret(entries_of(each)) for name, each in entries_of(entries.get("secrets")).items()},
        outputs={
            name: CallOutput(value=each["value"], description=text_at(each, "description"))
            for name, each in _nested(entries.get("outputs")).items()
        },
    )


def _nested(template: Template | None) -> dict[str, dict[str, Template]]:
    return {name: entries_of(each) for name, each in entries_of(template).items()}


def _secret(entries: Mapping[str, Template]) -> CallSecret:
    return CallSecret(description=text_at(entries, "description"), required=flag_at(entries, "required"))


def _inputs(template: Template | None, problems: Problems) -> Mapping[str, Input]:
    return {name: _input(each, problems) for name, each in entries_of(template).items()}


def _input(template: Template, problems: Problems) -> Input:
    entries = entries_of(template)
    kind = text_at(entries, "type") or "string"
    made = Input(
        type=kind if kind in _INPUT_TYPES else "string",  # type: ignore[arg-type] # checked here.
        description=text_at(entries, "description"),
        required=flag_at(entries, "required"),
        default=entries.get("default"),
        options=texts_of(entries.get("options")) or (),
    )
    _check_options(made, template, has_options="options" in entries, problems=problems)
    _check_default(made, problems)
    return made


def _check_options(made: Input, template: Template, *, has_options: bool, problems: Problems) -> None:
    if made.type == "choice" and not made.options:
        problems.add("Missing 'options' for choice input", template.position)
    if made.type != "choice" and has_options:
        problems.add("Input type is not 'choice', but 'options' is defined", template.position)


def _check_default(made: Input, problems: Problems) -> None:
    if not isinstance(made.default, Literal):
        return
    value = made.default.value
    if made.type == "boolean" and not isinstance(value, bool):
        problems.add(f"Unexpected value '{text_of(value)}'", made.default.position, remedy="Expected true or false.")
    elif made.type == "number" and (isinstance(value, bool) or not isinstance(value, float | int)):
        problems.add(f"Unexpected value '{text_of(value)}'", made.default.position, remedy="Expected a number.")
    elif made.type == "choice" and made.options and text_of(value) not in made.options:
        remedy = f"Expected {', '.join(made.options[:12])}."
        problems.add(f"Unexpected value '{text_of(value)}'", made.default.position, remedy=remedy)
