"""A job as the HTTP API shows it. Routes of systems that enqueue a job answer with it, too."""

from typing import Annotated, Final

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.jobs.model import JOB_PREFIX, Job, JobState, JobWaitingReason
from ninefold.core.web.ids import PathId
from ninefold.core.web.timestamps import Timestamp

JOBS_PATH: Final = "/api/v1/jobs"

_NoTimestamp = Annotated[Timestamp | None, msgspec.Meta(examples=[None])]


class JobId(PathId):
    """A job's id in a path."""

    prefix = JOB_PREFIX


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """A durable job: background work of an organisation."""

    job_id: Annotated[str, msgspec.Meta(examples=[f"{JOB_PREFIX}_01h455vb4pex5vsknk084sn02q"])]
    kind: Annotated[str, msgspec.Meta(examples=["webhooks.replay_dead_letters"])]
    """The system and what the job does."""
    state: Annotated[JobState, msgspec.Meta(examples=[JobState.RUNNING])]
    waiting_reason: Annotated[JobWaitingReason | None, msgspec.Meta(examples=[None])]
    """Why it is `waiting`: for an earlier job with its key, or because it is paused."""
    progress_done: Annotated[int | None, msgspec.Meta(examples=[1_500])]
    progress_total: Annotated[int | None, msgspec.Meta(examples=[4_000])]
    """Null if it isn't known."""
    progress_note: Annotated[str | None, msgspec.Meta(examples=["1,498 replayed"])]
    result: Annotated[msgspec.Raw | None, msgspec.Meta(examples=[None])]
    """What a job that succeeded returned: any JSON value, depending on its kind."""
    error: Annotated[str | None, msgspec.Meta(examples=[None])]
    """Why its last attempt failed."""
    attempt_count: Annotated[int, msgspec.Meta(examples=[1])]
    attempts_max: Annotated[int, msgspec.Meta(examples=[10])]
    created_at: Timestamp
    run_at: Timestamp
    """When its next attempt is due."""
    started_at: Timestamp | None
    """When its latest attempt started."""
    finished_at: _NoTimestamp
    pause_requested_at: _NoTimestamp
    """Somebody has paused it, and it will stop within seconds."""
    paused_at: _NoTimestamp
    paused_by: Annotated[str | None, msgspec.Meta(examples=[None])]
    cancel_requested_at: _NoTimestamp
    """Somebody has canceled it, and it will stop within seconds."""
    canceled_by: Annotated[str | None, msgspec.Meta(examples=[None])]


def show_job(job: Job) -> JobView:
    """Show a job without its payload and its cursor, which are internal."""
    return JobView(
        job_id=format_id(JOB_PREFIX, job.job_id),
        kind=job.kind,
        state=job.state,
        waiting_reason=job.waiting_reason,
        progress_done=job.progress_done,
        progress_total=job.progress_total,
        progress_note=job.progress_note,
        result=job.result,
        error=job.error,
        attempt_count=job.attempt_count,
        attempts_max=job.attempts_max,
        created_at=job.created_at,
        run_at=job.run_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        pause_requested_at=job.pause_requested_at,
        paused_at=job.paused_at,
        paused_by=job.paused_by,
        cancel_requested_at=job.cancel_requested_at,
        canceled_by=job.canceled_by,
    )
