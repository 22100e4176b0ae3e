"""An action as its `action.yml` was read."""

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from ninefold.systems.workflows.model.templates import Template
from ninefold.systems.workflows.model.workflow import Step


class ActionInput(msgspec.Struct, frozen=True, kw_only=True):
    """An input of an action."""

    description: str | None = None
    required: bool = False
    default: Template | None = None
    deprecation_message: str | None = None


class ActionOutput(msgspec.Struct, frozen=True, kw_only=True):
    """An output of an action. Only composite actions have a value here; others set it while they run."""

    description: str | None = None
    value: Template | None = None


class Composite(msgspec.Struct, frozen=True, kw_only=True, tag="composite"):
    """An action that consists of steps."""

    steps: tuple[Step, ...]


class JavaScript(msgspec.Struct, frozen=True, kw_only=True, tag="javascript"):
    """An action that Node.js runs. Its files are relative to the action's folder."""

    using: str
    """`node20`, `node24`, …"""
    main: str
    pre: str | None = None
    pre_if: str = "always()"
    post: str | None = None
    post_if: str = "always()"


class ContainerAction(msgspec.Struct, frozen=True, kw_only=True, tag="container"):
    """An action that runs in a container."""

    image: str


class Plugin(msgspec.Struct, frozen=True, kw_only=True, tag="plugin"):
    """An action of Ninefold itself."""

    name: str


Runs: TypeAlias = Composite | JavaScript | ContainerAction | Plugin
"""How an action runs."""


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """An action without errors."""

    name: str
    runs: Runs
    description: str | None = None
    inputs: Mapping[str, ActionInput] = {}
    outputs: Mapping[str, ActionOutput] = {}
