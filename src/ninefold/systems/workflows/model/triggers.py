"""What starts a workflow: its events with their filters, its schedules, and the inputs that it declares."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from ninefold.systems.workflows.model.templates import Position, Template


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """The filters of an event. None means that there is no such filter; patterns are GitHub's, with `!` negated."""

    types: tuple[str, ...] | None = None
    branches: tuple[str, ...] | None = None
    branches_ignore: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    tags_ignore: tuple[str, ...] | None = None
    paths: tuple[str, ...] | None = None
    paths_ignore: tuple[str, ...] | None = None
    workflows: tuple[str, ...] | None = None


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """A time at which a workflow runs."""

    cron: str
    timezone: str = "UTC"


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """An input that a workflow declares, for runs by hand (`workflow_dispatch`) or by a call (`workflow_call`)."""

    type: Literal["string", "boolean", "number", "choice", "environment"] = "string"
    description: str | None = None
    required: bool = False
    default: Template | None = None
    options: tuple[str, ...] = ()
    """The values of a choice."""


class CallSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A secret that a called workflow declares."""

    description: str | None = None
    required: bool = False


class CallOutput(msgspec.Struct, frozen=True, kw_only=True):
    """An output of a called workflow; its value is an expression on its jobs."""

    value: Template
    description: str | None = None


class CallTrigger(msgspec.Struct, frozen=True, kw_only=True):
    """What `workflow_call` declares."""

    inputs: Mapping[str, Input] = {}
    secrets: Mapping[str, CallSecret] = {}
    outputs: Mapping[str, CallOutput] = {}


class Triggers(msgspec.Struct, frozen=True, kw_only=True):
    """Everything in a workflow's `on`."""

    events: Mapping[str, Filters] = {}
    """By the name of the event, except those that have a field of their own below."""
    schedules: tuple[Schedule, ...] = ()
    dispatch: Mapping[str, Input] | None = None
    """The inputs of `workflow_dispatch`; None if the workflow can't be started by hand."""
    call: CallTrigger | None = None
    """None if the workflow can't be called."""
    position: Position
