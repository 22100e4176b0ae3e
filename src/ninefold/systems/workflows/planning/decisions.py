"""What the planner decides about jobs, as data for the code that runs them."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from ninefold.systems.workflows.model.templates import Template
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
    # Any JSON, here and below: msgspec can't decode the recursive type `Json`, and a server stores planned jobs.
    contexts: Mapping[str, Any] = {}
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
    matrix: Any = None
    strategy: Mapping[str, Any] = {}
    """The context `strategy`: `fail-fast`, `job-index`, `job-total`, `max-parallel`."""
    needs: Mapping[str, Any] = {}
    inputs: Mapping[str, Any] = {}
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


class KnownJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job that may start later."""

    key: str
    name: str
    """Without what its matrix, or its own name, will make of it."""
    needs: tuple[str, ...] = ()
    """The keys of the jobs that it needs; those of a matrix or a called workflow have more after them."""


class Expand(msgspec.Struct, frozen=True, kw_only=True, tag="expand"):
    """More is known of the run: which jobs a workflow has, or a matrix."""

    key: str | None
    """The job that stood for them, and no longer counts; None for the workflow of the run."""
    jobs: tuple[KnownJob, ...]


class EnterGroup(msgspec.Struct, frozen=True, kw_only=True, tag="enter_group"):
    """A job that calls a workflow could start, and has a concurrency group; `Planner.entered` says that it is in it."""

    key: str
    name: str
    concurrency: PlannedConcurrency


class LeaveGroup(msgspec.Struct, frozen=True, kw_only=True, tag="leave_group"):
    """A job that has called a workflow has ended, and leaves its concurrency group."""

    key: str


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


Decision: TypeAlias = Expand | EnterGroup | LeaveGroup | Start | Wait | End | Cancel
"""What happens with a job now."""
