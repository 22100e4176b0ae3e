"""The data of durable jobs: frozen, without behaviour, and without I/O."""

import re
from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final, Generic, TypeVar
from uuid import UUID

import msgspec

from ninefold.core.jobs.backoff import Backoff

JOB_PREFIX: Final = "job"

JOBS_CHANNEL: Final = "jobs"
"""What the notifier is told after the commit of a transaction that enqueued something."""

KIND_NAME: Final = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+")

PayloadT = TypeVar("PayloadT", bound=msgspec.Struct)


class JobState(StrEnum):
    """How far a job is."""

    QUEUED = "queued"
    """Accepted and durable; its first attempt hasn't begun."""
    WAITING = "waiting"
    """Another job with its key comes first."""
    RUNNING = "running"
    RETRYING = "retrying"
    """An attempt failed, and the next one comes by itself."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """No attempt is left; a person may retry it."""
    CANCELED = "canceled"


class JobPriority(IntEnum):
    """Which of an organisation's jobs come first. Those of others don't matter for it."""

    LOW = 0
    NORMAL = 1
    HIGH = 2


class JobKind(msgspec.Struct, Generic[PayloadT], frozen=True, kw_only=True):
    """A kind of job: what it is called, what it carries, and how its attempts go.

    The name and the payload's fields are a contract with jobs that are enqueued already: a new version of the code has
    to understand the payloads of the one before it.
    """

    name: str
    """Such as `webhooks.cancel_deliveries`: the system, and what is done."""
    payload: type[PayloadT]
    attempts_max: int = 10
    """After so many failed attempts a job is `failed`."""
    timeout_s: float = 300.0
    """An attempt that takes longer has failed."""
    backoff: Backoff = Backoff()

    def __post_init__(self) -> None:
        """Refuse what the table would refuse later."""
        if not KIND_NAME.fullmatch(self.name) or self.attempts_max < 1 or self.timeout_s <= 0:
            raise ValueError(f"Not a kind of job: {self}")


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job, as people look at it."""

    job_id: UUID
    kind: str
    state: JobState
    organisation_id: UUID | None
    key: str | None
    priority: JobPriority
    run_at: datetime
    attempt_count: int
    attempts_max: int
    created_at: datetime
    started_at: datetime | None
    """When its latest attempt began."""
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    canceled_by: str | None
    progress_done: int | None
    progress_total: int | None
    progress_note: str | None
    error: str | None
    """Why its latest attempt failed."""
    payload: msgspec.Raw
    cursor: msgspec.Raw | None
    result: msgspec.Raw | None


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """How many more jobs a worker may run."""

    total: int
    of_newcomer: int
    """Of a tenant that has none running here."""
    of_tenants: Mapping[UUID, int]
    """Of those that have some, by tenant."""


class ClaimedJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job that this worker holds, to make an attempt."""

    job_id: UUID
    tenant_id: UUID
    organisation_id: UUID | None
    kind: str
    payload: str
    """JSON."""
    cursor: str | None
    """JSON, as an earlier attempt saved it."""
    attempt_count: int
    """This attempt included."""
    attempts_max: int
    waited_s: float
    """Seconds between when it was due and now."""


class AttemptEnding(StrEnum):
    """How an attempt ended."""

    SUCCEEDED = "succeeded"
    RETRYING = "retrying"
    FAILED = "failed"
    RETURNED = "returned"
    """It was ended from outside: the job was canceled, or the worker stops and another one makes this attempt."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a job is; None is "no news"."""

    done: int | None = None
    total: int | None = None
    note: str | None = None


class AttemptOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an attempt."""

    job: ClaimedJob
    ending: AttemptEnding
    duration_s: float
    progress: Progress
    retry_delay_s: float | None = None
    """Seconds until the next attempt; None unless `ending` is `retrying`."""
    result: msgspec.Raw | None = None
    """JSON, after success."""
    error: str | None = None


class EndedJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job that nobody runs any more, with the state that followed."""

    job_id: UUID
    state: JobState
    tenant_id: UUID
    key: str | None

    @property
    def frees_its_key(self) -> bool:
        """Whether the next job of its key may run."""
        return self.key is not None and self.state in {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELED}


class ScheduleState(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule, as people look at it."""

    name: str
    cron: str
    timezone: str
    next_run_at: datetime
    last_run_at: datetime | None
