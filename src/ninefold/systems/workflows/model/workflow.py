"""A workflow as it was read: jobs and their steps, with templates where values can have expressions."""

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from ninefold.systems.workflows.errors import Problem
from ninefold.systems.workflows.model.templates import Position, Template
from ninefold.systems.workflows.model.triggers import Triggers


class RunDefaults(msgspec.Struct, frozen=True, kw_only=True):
    """The defaults of `run` steps; None where there is no default."""

    shell: Template | None = None
    working_directory: Template | None = None


class Concurrency(msgspec.Struct, frozen=True, kw_only=True):
    """A concurrency group: runs or jobs of one group run one after the other."""

    group: Template
    cancel_in_progress: Template | None = None
    queue: Template | None = None
    """`single` (one waits, the default) or `max` (up to 100 wait)."""


class Strategy(msgspec.Struct, frozen=True, kw_only=True):
    """How a job is run several times."""

    matrix: Template | None = None
    fail_fast: Template | None = None
    max_parallel: Template | None = None
    position: Position


class RunStep(msgspec.Struct, frozen=True, kw_only=True, tag="run"):
    """A step that runs a script."""

    id: str
    """As it was written, or `__run`, `__run_2`, … if it wasn't."""
    run: Template
    name: Template | None = None
    if_: Template | None = None
    shell: Template | None = None
    working_directory: Template | None = None
    env: Template | None = None
    timeout_minutes: Template | None = None
    continue_on_error: Template | None = None
    position: Position


class UsesStep(msgspec.Struct, frozen=True, kw_only=True, tag="uses"):
    """A step that runs an action."""

    id: str
    """As it was written, or such as `__actions_checkout`, `__self` (an action of the same repository)."""
    uses: str
    name: Template | None = None
    if_: Template | None = None
    with_: Template | None = None
    env: Template | None = None
    timeout_minutes: Template | None = None
    continue_on_error: Template | None = None
    position: Position


Step: TypeAlias = RunStep | UsesStep
"""A step of a job, or of a composite action."""


class Job(msgspec.Struct, frozen=True, kw_only=True, tag="job"):
    """A job with steps."""

    id: str
    runs_on: Template
    steps: tuple[Step, ...]
    name: Template | None = None
    needs: tuple[str, ...] = ()
    if_: Template | None = None
    strategy: Strategy | None = None
    env: Template | None = None
    defaults: RunDefaults = RunDefaults()
    outputs: Template | None = None
    timeout_minutes: Template | None = None
    cancel_timeout_minutes: Template | None = None
    continue_on_error: Template | None = None
    concurrency: Concurrency | None = None
    permissions: Template | None = None
    environment: Template | None = None
    container: Template | None = None
    services: Template | None = None
    snapshot: Template | None = None
    position: Position


class CallJob(msgspec.Struct, frozen=True, kw_only=True, tag="call"):
    """A job that calls another workflow."""

    id: str
    uses: str
    """`./.github/workflows/file.yml`, or `owner/repo/.github/workflows/file.yml@ref`."""
    name: Template | None = None
    needs: tuple[str, ...] = ()
    if_: Template | None = None
    strategy: Strategy | None = None
    with_: Template | None = None
    secrets: Template | None = None
    inherits_secrets: bool = False
    concurrency: Concurrency | None = None
    permissions: Template | None = None
    position: Position


AnyJob: TypeAlias = Job | CallJob
"""A job of either kind."""


class Workflow(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow file without errors."""

    file: str
    name: str
    """As it was written, or the path of the file."""
    warnings: tuple[Problem, ...] = ()
    """What is probably wrong, though the file can be read."""
    triggers: Triggers
    jobs: Mapping[str, AnyJob]
    run_name: Template | None = None
    description: str | None = None
    env: Template | None = None
    defaults: RunDefaults = RunDefaults()
    concurrency: Concurrency | None = None
    permissions: Template | None = None
