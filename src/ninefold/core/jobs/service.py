"""Enqueue, list, pause, cancel and retry durable jobs, and release those of dead workers.

Where a function takes an `organisation_id`, the job must belong to it; None is the operator, who can use any job.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id, new_id
from ninefold.core.jobs import store
from ninefold.core.jobs.errors import JobNotFoundError, JobStateError
from ninefold.core.jobs.model import (
    JOB_PREFIX,
    EndedJob,
    Job,
    JobKind,
    JobPriority,
    JobState,
    PayloadT,
    ScheduleState,
)
from ninefold.core.postgres.database import Connection

PAYLOAD_BYTES_MAX: Final = 64 * 1024
"""Store larger data in a table or a blob, and put its id into the payload."""

WORKER_ENDED: Final = "The worker that ran it ended without recording an outcome."


async def enqueue(
    connection: Connection,
    kind: JobKind[PayloadT],
    payload: PayloadT,
    *,
    organisation_id: UUID | None,
    key: str | None = None,
    priority: JobPriority = JobPriority.NORMAL,
    run_at: datetime | None = None,
) -> UUID:
    """Enqueue a job in the caller's transaction: the job exists only if the transaction commits.

    After the commit, `notifier.notify(JOBS_CHANNEL)` starts it at once. Without that, it starts within half a second.

    Args:
        connection: in the caller's transaction.
        kind: the kind of job.
        payload: what the handler gets.
        organisation_id: the job's organisation; None for Ninefold's own jobs.
        key: the organisation's jobs with the same key run one at a time, in the order in which they were enqueued,
            whatever their kinds. An id such as `sub_…` is a good key.
        priority: which of the organisation's due jobs run first. Jobs with the same key keep their order.
        run_at: when the job is due; at once by default.

    Returns:
        The job's id.

    Raises:
        ValueError: the payload is larger than `PAYLOAD_BYTES_MAX`.
    """
    job_id = new_id()
    await store.job_insert(
        connection,
        job_id=job_id,
        kind=kind.name,
        organisation_id=organisation_id,
        payload=_encode(payload),
        priority=priority,
        key=key,
        is_unique=False,
        run_at=run_at,
        attempts_max=kind.attempts_max,
    )
    return job_id


async def enqueue_unique(
    connection: Connection,
    kind: JobKind[PayloadT],
    payload: PayloadT,
    *,
    organisation_id: UUID | None,
    key: str,
    priority: JobPriority = JobPriority.NORMAL,
    run_at: datetime | None = None,
) -> UUID | None:
    """Enqueue a job, unless one of this kind and key was enqueued so and still waits for its first attempt.

    One that runs already may have read what has changed since, so it keeps no other out.

    Returns:
        The job's id; None if there is one already.

    Raises:
        ValueError: as `enqueue`.
    """
    job_id = new_id()
    is_new = await store.job_insert(
        connection,
        job_id=job_id,
        kind=kind.name,
        organisation_id=organisation_id,
        payload=_encode(payload),
        priority=priority,
        key=key,
        is_unique=True,
        run_at=run_at,
        attempts_max=kind.attempts_max,
    )
    return job_id if is_new else None


async def get_job(connection: Connection, job_id: UUID, *, organisation_id: UUID | None = None) -> Job:
    """Return one job.

    Raises:
        JobNotFoundError: there is no such job.
    """
    job = await store.job_find(connection, job_id=job_id, organisation_id=organisation_id)
    if job is None:
        raise _not_found(job_id)
    return job


async def list_jobs(
    connection: Connection,
    *,
    state: JobState | None = None,
    kind: str | None = None,
    organisation_id: UUID | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Job]:
    """Return jobs, newest first; with `before`, those that are older than that job."""
    if organisation_id is None:
        return await store.job_list(connection, state=state, kind=kind, before=before, limit=limit)
    return await store.job_list_by_organisation(
        connection, organisation_id=organisation_id, state=state, kind=kind, before=before, limit=limit
    )


async def count_unfinished_jobs(
    connection: Connection, *, organisation_id: UUID, kinds: Sequence[JobKind[Any]], limit: int
) -> int:
    """Count an organisation's jobs of some kinds that aren't finished, also paused ones, up to a limit."""
    names = [kind.name for kind in kinds]
    return await store.job_count_unfinished(connection, organisation_id=organisation_id, kinds=names, limit=limit)


async def list_schedules(connection: Connection) -> list[ScheduleState]:
    """Return all schedules, sorted by name."""
    return await store.schedule_list(connection)


async def cancel_job(
    connection: Connection, job_id: UUID, *, canceled_by: str, organisation_id: UUID | None = None
) -> Job:
    """Cancel a job at once if it isn't running; otherwise ask it to stop, which takes a few seconds.

    Returns:
        The job, which is `canceled`, or still `running` with `cancel_requested_at` set.

    Raises:
        JobNotFoundError: there is no such job.
        JobStateError: it is already finished.
    """
    ended = await store.job_cancel(connection, job_id=job_id, organisation_id=organisation_id, canceled_by=canceled_by)
    if ended is None:
        job = await get_job(connection, job_id, organisation_id=organisation_id)
        raise JobStateError(
            f"{format_id(JOB_PREFIX, job_id)} is already {job.state}.", remedy="A finished job can't be canceled."
        )
    await unblock_keys(connection, [ended])
    return await get_job(connection, job_id)


async def pause_job(
    connection: Connection, job_id: UUID, *, paused_by: str, organisation_id: UUID | None = None
) -> Job:
    """Pause a job at once if it isn't running; otherwise ask it to stop, which takes a few seconds.

    Later jobs with its key wait until it is resumed and finished. Pausing it a second time has no effect.

    Returns:
        The job, which is `waiting` with `paused_at` set, or still `running` with `pause_requested_at` set.

    Raises:
        JobNotFoundError: there is no such job.
        JobStateError: it is already finished, or is being canceled.
    """
    if not await store.job_pause(connection, job_id=job_id, organisation_id=organisation_id, paused_by=paused_by):
        job = await get_job(connection, job_id, organisation_id=organisation_id)
        shown_id = format_id(JOB_PREFIX, job_id)
        if job.cancel_requested_at is not None:
            raise JobStateError(
                f"{shown_id} is being canceled.", remedy="Retry it when it is canceled, to continue it."
            )
        raise JobStateError(f"{shown_id} is already {job.state}.", remedy="A finished job can't be paused.")
    return await get_job(connection, job_id)


async def resume_job(connection: Connection, job_id: UUID, *, organisation_id: UUID | None = None) -> Job:
    """Let a paused job continue from the cursor that it saved, when it is due.

    Raises:
        JobNotFoundError: there is no such job.
        JobStateError: it isn't paused.
    """
    if not await store.job_resume(connection, job_id=job_id, organisation_id=organisation_id):
        job = await get_job(connection, job_id, organisation_id=organisation_id)
        raise JobStateError(
            f"{format_id(JOB_PREFIX, job_id)} is {job.state} and not paused.",
            remedy="Only a paused job can be resumed; retry one that failed or was canceled.",
        )
    return await get_job(connection, job_id)


async def retry_job(connection: Connection, job_id: UUID, *, organisation_id: UUID | None = None) -> Job:
    """Run a job now that failed, was canceled or is waiting for a retry. It continues from the cursor that it saved.

    Raises:
        JobNotFoundError: there is no such job.
        JobStateError: it isn't `failed`, `canceled` or `retrying`.
    """
    if not await store.job_retry(connection, job_id=job_id, organisation_id=organisation_id):
        job = await get_job(connection, job_id, organisation_id=organisation_id)
        raise JobStateError(
            f"{format_id(JOB_PREFIX, job_id)} is {job.state}.",
            remedy="Only a job that is failed, canceled or retrying can be retried; resume one that is paused.",
        )
    return await get_job(connection, job_id)


async def release_jobs(connection: Connection, worker_ids: Sequence[UUID]) -> None:
    """Release the jobs of dead workers, so that other workers continue them."""
    released = await store.job_release(connection, worker_ids=worker_ids, error=WORKER_ENDED)
    await unblock_keys(connection, released)


async def release_unknown_jobs(connection: Connection, *, worker_id: UUID, known_ids: Collection[UUID]) -> None:
    """Release the jobs that a live worker holds in the database but doesn't know about."""
    released = await store.job_release_unknown(connection, worker_id=worker_id, known_ids=known_ids)
    await unblock_keys(connection, released)


async def unblock_keys(connection: Connection, ended: Sequence[EndedJob]) -> None:
    """Let the next jobs run that were waiting for these jobs' keys. Call it in the transaction that ended them."""
    keys = {(job.tenant_id, job.key) for job in ended if job.key is not None and job.releases_key}
    if keys:
        await store.job_promote(connection, keys=keys)


def _encode(payload: msgspec.Struct) -> str:
    encoded = msgspec.json.encode(payload)
    if len(encoded) > PAYLOAD_BYTES_MAX:
        raise ValueError(f"A job's payload has {len(encoded):,} bytes; at most {PAYLOAD_BYTES_MAX:,} are allowed.")
    return encoded.decode()


def _not_found(job_id: UUID) -> JobNotFoundError:
    return JobNotFoundError(
        f"There is no job {format_id(JOB_PREFIX, job_id)}.",
        remedy="List the jobs to see their ids. Finished ones are deleted after some days.",
    )
