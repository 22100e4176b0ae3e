"""The data of durable jobs: frozen structs without I/O."""

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
"""The channel to notify after the commit of a transaction that enqueued a job."""

KIND_NAME: Final = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+")

PayloadT = TypeVar("PayloadT", bound=msgspec.Struct)


class JobState(StrEnum):
    """The state of a job."""

    QUEUED = "queued"
    """Its first attempt hasn't started."""
    WAITING = "waiting"
    """It could run, but must not yet; see `JobWaitingReason`."""
    RUNNING = "running"
    RETRYING = "retrying"
    """An attempt failed; the next one is scheduled."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """No attempt is left. An operator can retry it."""
    CANCELED = "canceled"


class JobWaitingReason(StrEnum):
    """Why a job is waiting."""

    KEY = "key"
    """An earlier job with the same key isn't finished."""
    PAUSED = "paused"
    """Somebody has paused it, and nobody has resumed it yet."""


class StopRequest(StrEnum):
    """What a running job is asked to stop for."""

    CANCEL = "cancel"
    PAUSE = "pause"


class JobPriority(IntEnum):
    """The order of one organisation's jobs. It has no effect on other organisations' jobs."""

    LOW = 0
    NORMAL = 1
    HIGH = 2


class JobKind(msgspec.Struct, Generic[PayloadT], frozen=True, kw_only=True):
    """A kind of job: its name, the type of its payload, and how it is retried.

    The name and the payload's fields are a contract with jobs that are already enqueued: a new version of the code must
    be able to read the payloads of the previous one.
    """

    name: str
    """The system and the action, such as `webhooks.cancel_deliveries`."""
    payload: type[PayloadT]
    attempts_max: int = 10
    """A job becomes `failed` after this many failed attempts."""
    timeout_s: float = 300.0
    """An attempt that takes longer fails."""
    backoff: Backoff = Backoff()

    def __post_init__(self) -> None:
        """Reject what the table's constraints would reject later."""
        if not KIND_NAME.fullmatch(self.name) or self.attempts_max < 1 or self.timeout_s <= 0:
            raise ValueError(f"Invalid kind of job: {self}")


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job, as operators see it."""

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
    """When its latest attempt started."""
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    canceled_by: str | None
    pause_requested_at: datetime | None
    paused_at: datetime | None
    paused_by: str | None
    progress_done: int | None
    progress_total: int | None
    progress_note: str | None
    error: str | None
    """Why its latest attempt failed."""
    payload: msgspec.Raw
    cursor: msgspec.Raw | None
    result: msgspec.Raw | None

    @property
    def waiting_reason(self) -> JobWaitingReason | None:
        """Why it waits; None unless it is `waiting`."""
        if self.state is not JobState.WAITING:
            return None
        return JobWaitingReason.KEY if self.paused_at is None else JobWaitingReason.PAUSED


class FreeSlots(msgspec.Struct, frozen=True, kw_only=True):
    """How many more jobs a worker can run."""

    total: int
    new_tenant: int
    """For a tenant that has no job running on this worker."""
    by_tenant: Mapping[UUID, int]
    """For each tenant that has jobs running on this worker."""


class ClaimedJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job that this worker has claimed, for one attempt."""

    job_id: UUID
    tenant_id: UUID
    organisation_id: UUID | None
    kind: str
    payload: str
    """JSON."""
    cursor: str | None
    """JSON that an earlier attempt saved."""
    attempt_count: int
    """Including this attempt."""
    attempts_max: int
    waited_s: float
    """Seconds from when it was due to the claim."""


class AttemptEnding(StrEnum):
    """How an attempt ended."""

    SUCCEEDED = "succeeded"
    RETRYING = "retrying"
    FAILED = "failed"
    RETURNED = "returned"
    """It was stopped from outside: the job was canceled or paused, or the worker stops and another one will run it."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """A job's progress; None leaves the earlier value unchanged."""

    done: int | None = None
    total: int | None = None
    note: str | None = None


class AttemptOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of an attempt."""

    job: ClaimedJob
    ending: AttemptEnding
    duration_s: float
    progress: Progress
    retry_delay_s: float | None = None
    """Seconds until the next attempt; None unless `ending` is `retrying`."""
    result: msgspec.Raw | None = None
    """JSON; None unless the attempt succeeded and returned something."""
    error: str | None = None


class EndedJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job whose attempt has ended, or that was canceled, with its new state."""

    job_id: UUID
    state: JobState
    tenant_id: UUID
    key: str | None

    @property
    def releases_key(self) -> bool:
        """Whether the next job with its key can run now."""
        return self.key is not None and self.state in {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELED}


class ScheduleState(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule, as operators see it."""

    name: str
    cron: str
    timezone: str
    next_run_at: datetime
    last_run_at: datetime | None
