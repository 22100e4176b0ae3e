"""What the planner decides about jobs, as data for the code that runs them."""

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from ninefold.systems.workflows.model.templates import Template
from ninefold.systems.workflows.model.values import Json
from ninefold.systems.workflows.model.workflow import Job, RunDefaults
from ninefold.systems.workflows.planning.outcomes import JobConclusion


class PlannedConcurrency(msgspec.Struct, frozen=True, kw_only=True):
    """A concurrency group, evaluated."""

    group: str
    cancel_in_progress: bool = False
    queue: str = "single"


class SecretsStep(msgspec.Struct, frozen=True, kw_only=True):
    """How a call passes secrets on."""

    inherits: bool
    """Whether it passes all; otherwise only those of the template."""
    template: Template | None = None
    contexts: Mapping[str, Json] = {}
    """What the template is evaluated with, besides `secrets`."""


class PlannedJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job that can start: what is known of it before it runs."""

    key: str
    """Unique in the run, and the same if it is planned again: `build`, `test.1` (of a matrix), `call/test`."""
    name: str
    job: Job
    labels: tuple[str, ...]
    group: str | None = None
    """The runner group."""
    matrix: Json = None
    strategy: Mapping[str, Json] = {}
    """The context `strategy`: `fail-fast`, `job-index`, `job-total`, `max-parallel`."""
    needs: Mapping[str, Json] = {}
    inputs: Mapping[str, Json] = {}
    env: tuple[Template, ...] = ()
    """Of its workflow and of the job, which are evaluated with secrets when it runs; later ones win."""
    defaults: RunDefaults = RunDefaults()
    timeout_minutes: float = 360
    continue_on_error: bool = False
    concurrency: PlannedConcurrency | None = None
    secrets: tuple[SecretsStep, ...] = ()
    """The calls between the first workflow and this job, outermost first."""
    workflow_file: str
    workflow_name: str


class Start(msgspec.Struct, frozen=True, kw_only=True, tag="start"):
    """A job can start now."""

    job: PlannedJob
    why: str = "Everything that it needs is done."


class Wait(msgspec.Struct, frozen=True, kw_only=True, tag="wait"):
    """A job of a matrix waits for others of it, because of `max-parallel`."""

    key: str
    name: str
    why: str


class End(msgspec.Struct, frozen=True, kw_only=True, tag="end"):
    """A job ends without running: it is skipped, cancelled, or can't be planned."""

    key: str
    name: str
    conclusion: JobConclusion
    why: str


class Cancel(msgspec.Struct, frozen=True, kw_only=True, tag="cancel"):
    """A job that runs, or is queued, is to be cancelled."""

    key: str
    why: str


Decision: TypeAlias = Start | Wait | End | Cancel
"""What happens with a job now."""
