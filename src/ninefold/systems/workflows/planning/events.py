"""Decides which events start a workflow."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from ninefold.systems.workflows.model.triggers import Filters, Triggers
from ninefold.systems.workflows.planning.patterns import is_included, is_match

_DEFAULT_TYPES: Final[Mapping[str, frozenset[str]]] = {
    "pull_request": frozenset({"opened", "synchronize", "reopened"}),
    "pull_request_target": frozenset({"opened", "synchronize", "reopened"}),
}
"""The types of events that start a workflow which names none; of other events, all do."""

_BRANCH: Final = "refs/heads/"
_TAG: Final = "refs/tags/"
_OF_REFS: Final = frozenset({"push"})
"""Events whose branch or tag is the ref that changed; of others, `branches` is the base, or the head of a run."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What happened."""

    name: str
    """Such as `push`."""
    type: str | None = None
    """Such as `opened`; the `action` of its payload."""
    ref: str | None = None
    """The full name of the branch or tag, such as `refs/heads/main`."""
    base_branch: str | None = None
    """The branch that a pull request goes into."""
    changed_paths: Sequence[str] | None = None
    """None if they aren't known: then filters of paths are met, as on GitHub."""
    workflow: str | None = None
    """The name of the workflow that ran, of `workflow_run`."""


class Match(NamedTuple):
    """Whether an event starts a workflow, and why."""

    is_started: bool
    why: str


def match_event(triggers: Triggers, event: Event) -> Match:
    """Return whether an event starts a workflow, with the reason in a sentence for people."""
    if event.name == "schedule":
        return Match(bool(triggers.schedules), "The workflow has schedules." if triggers.schedules else "No schedule.")
    if event.name in {"workflow_dispatch", "workflow_call"}:
        declared = triggers.dispatch if event.name == "workflow_dispatch" else triggers.call
        return Match(declared is not None, f"`on` has {'' if declared is not None else 'no '}{event.name}.")
    filters = triggers.events.get(event.name)
    if filters is None:
        return Match(is_started=False, why=f"`on` has no {event.name}.")
    for why in _refusals(filters, event):
        if why is not None:
            return Match(is_started=False, why=why)
    return Match(is_started=True, why=f"`on` has {event.name}, and its filters are met.")


def _refusals(filters: Filters, event: Event) -> Sequence[str | None]:
    if _has_opposites(filters):
        return [f"{event.name} has a filter and its opposite, such as `branches` and `branches-ignore`."]
    return [_type_refusal(filters, event), _ref_refusal(filters, event), _path_refusal(filters, event),
            _workflow_refusal(filters, event)]  # fmt: skip


def _has_opposites(filters: Filters) -> bool:
    pairs = (
        (filters.branches, filters.branches_ignore),
        (filters.tags, filters.tags_ignore),
        (filters.paths, filters.paths_ignore),
    )
    return any(one is not None and other is not None for one, other in pairs)


def _type_refusal(filters: Filters, event: Event) -> str | None:
    allowed = filters.types if filters.types is not None else _DEFAULT_TYPES.get(event.name)
    if allowed is None or event.type is None or event.type in allowed:
        return None
    return f"The type {event.type} isn't one of {', '.join(sorted(allowed))}."


def _ref_refusal(filters: Filters, event: Event) -> str | None:
    if event.name not in _OF_REFS:
        branch = event.base_branch or (event.ref or "").removeprefix(_BRANCH)
        return _name_refusal("branch", branch, filters.branches, filters.branches_ignore)
    ref = event.ref or ""
    has_branches = filters.branches is not None or filters.branches_ignore is not None
    has_tags = filters.tags is not None or filters.tags_ignore is not None
    if ref.startswith(_TAG):
        if has_branches and not has_tags:
            return "Only branches start this workflow, and this is a tag."
        return _name_refusal("tag", ref.removeprefix(_TAG), filters.tags, filters.tags_ignore)
    if has_tags and not has_branches:
        return "Only tags start this workflow, and this is a branch."
    return _name_refusal("branch", ref.removeprefix(_BRANCH), filters.branches, filters.branches_ignore)


def _name_refusal(kind: str, name: str, only: Sequence[str] | None, ignored: Sequence[str] | None) -> str | None:
    if only is not None and not is_included(name, only):
        return f"The {kind} {name} isn't included by its filter."
    if ignored is not None and is_included(name, ignored):
        return f"The {kind} {name} is ignored."
    return None


def _path_refusal(filters: Filters, event: Event) -> str | None:
    paths = event.changed_paths
    if paths is None or (filters.paths is None and filters.paths_ignore is None):
        return None
    if filters.paths is not None and not any(is_included(path, filters.paths) for path in paths):
        return "No changed path is included by `paths`."
    if filters.paths_ignore is not None and all(is_included(path, filters.paths_ignore) for path in paths):
        return "All changed paths are ignored by `paths-ignore`."
    return None


def _workflow_refusal(filters: Filters, event: Event) -> str | None:
    if filters.workflows is None or any(is_match(event.workflow or "", pattern) for pattern in filters.workflows):
        return None
    return f"The workflow {event.workflow} isn't one of `workflows`."
