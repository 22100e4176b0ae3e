"""Runs of workflows, their attempts and jobs, and the entries of their logs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

import msgspec

RUN_PREFIX: Final = "wrun"
JOB_PREFIX: Final = "wjob"

RunStatus: TypeAlias = Literal["waiting", "queued", "running", "succeeded", "failed", "canceled", "skipped"]
"""`waiting`: for its concurrency group. `queued`: none of its jobs has begun."""

JobStatus: TypeAlias = Literal["waiting", "queued", "running", "succeeded", "failed", "canceled", "skipped"]
"""`waiting`: for jobs that it needs, for others of its matrix, or for its concurrency group; `why` says which."""

ENDED: Final = frozenset({"succeeded", "failed", "canceled", "skipped"})
"""The states in which runs and jobs stay."""

ATTEMPTS_MAX: Final = 50
"""Of a run."""

EventType: TypeAlias = Literal[
    "attempt_created",
    "run_status",
    "cancel_requested",
    "job_waiting",
    "job_removed",
    "job_queued",
    "job_started",
    "job_cancel_requested",
    "job_ended",
    "group_entered",
    "priority_changed",
    "step_started",
    "step_ended",
    "annotation",
    "summary",
    "artifact",
]
"""What an entry of a run's log says."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run, as its last attempt is."""

    run_id: UUID
    numeric_id: int
    """`github.run_id`."""
    organisation_id: UUID
    repository_id: UUID
    workflow_file: str
    workflow_name: str
    title: str
    number: int
    """Of the runs of its workflow."""
    attempt: int
    event: str
    ref: str
    head_sha: str
    actor: str
    is_from_fork: bool
    inputs: Mapping[str, Any]
    priority: int
    status: RunStatus
    why: str
    concurrency_group: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    cancel_requested_at: datetime | None
    last_sequence: int

    @property
    def is_ended(self) -> bool:
        """Whether nothing of it goes on."""
        return self.status in ENDED


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One time that a run was started."""

    run_id: UUID
    attempt: int
    triggering_actor: str
    is_debug: bool
    status: RunStatus
    why: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class RunJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job of an attempt of a run, without what it does."""

    job_id: UUID
    organisation_id: UUID
    repository_id: UUID
    run_id: UUID
    attempt: int
    key: str
    name: str
    labels: Sequence[str]
    runner_group: str | None
    priority: int
    status: JobStatus
    why: str
    needs: Sequence[str]
    concurrency_group: str | None
    created_at: datetime
    queued_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    runner_id: UUID | None
    runner_name: str | None
    lease_number: int
    lease_expires_at: datetime | None
    cancel_requested_at: datetime | None
    reused_job_id: UUID | None

    @property
    def is_ended(self) -> bool:
        """Whether nothing of it goes on."""
        return self.status in ENDED


class RunEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An entry for the log of a run."""

    type: EventType
    job_id: UUID | None = None
    data: Mapping[str, Any] = {}
    outcome_id: UUID | None = None
    """Set if the planner is replayed with it."""


class LoggedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the log of a run."""

    run_id: UUID
    sequence: int
    attempt: int
    at: datetime
    type: EventType
    job_id: UUID | None
    data: msgspec.Raw


class RunAnnotation(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a run: of a step of a job, or about its workflow file."""

    level: Literal["notice", "warning", "error"]
    message: str
    title: str | None = None
    file: str | None = None
    line: int | None = None
    end_line: int | None = None
    column: int | None = None
    end_column: int | None = None
    remedy: str | None = None
    job: str | None = None
    """The key of the job."""
    step: int | None = None
    """The number of the step."""
