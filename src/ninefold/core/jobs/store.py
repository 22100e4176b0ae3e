"""The queries of schema `jobs`, with one typed function for each."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from ninefold.core.jobs.model import (
    AttemptOutcome,
    ClaimedJob,
    EndedJob,
    FreeSlots,
    Job,
    JobPriority,
    JobState,
    Progress,
    ScheduleState,
    StopRequest,
)
from ninefold.core.postgres.database import Connection
from ninefold.core.postgres.queries import load_queries

MARK_WAITING_MAX = 1_000
"""Jobs of one key that one statement marks as waiting."""

_queries = load_queries(__package__)


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one claim."""

    jobs: list[ClaimedJob]
    last_tenant_id: UUID | None
    """The last scanned tenant; None if no tenant is left to scan."""
    blocked_keys: list[tuple[UUID, str]]
    """The tenants and keys of due jobs that have to wait for an earlier job."""


class SavedJob(msgspec.Struct, frozen=True, kw_only=True):
    """A running job whose progress was written."""

    stop_request: StopRequest | None


async def job_cancel(
    connection: Connection, *, job_id: UUID, organisation_id: UUID | None, canceled_by: str
) -> EndedJob | None:
    """Cancel a job, or request it of a running one; return None if there is no such unfinished job."""
    record = await _queries.job_cancel(
        connection, job_id=job_id, organisation_id=organisation_id, canceled_by=canceled_by
    )
    return None if record is None else msgspec.convert(record, EndedJob)


async def job_cancel_of_organisation(connection: Connection, *, organisation_id: UUID, canceled_by: str) -> int:
    """Ask the running jobs of an organisation to stop; return how many there are."""
    count: int = await _queries.job_cancel_of_organisation(
        connection, organisation_id=organisation_id, canceled_by=canceled_by
    )
    return count


async def job_claim(
    connection: Connection,
    *,
    worker_id: UUID,
    kinds: Sequence[str],
    slots: FreeSlots,
    after: UUID,
    tenants_max: int,
) -> Claim:
    """Claim due jobs.

    Args:
        connection: in a transaction that holds the worker's lease.
        worker_id: the worker that claims them.
        kinds: the kinds that it can run.
        slots: how many more jobs it can run.
        after: the tenant after which the scan starts.
        tenants_max: how many tenants to scan at most.
    """
    records = [
        record
        async for record in _queries.job_claim(
            connection,
            worker_id=worker_id,
            kinds=kinds,
            limit=slots.total,
            new_tenant_slots=slots.new_tenant,
            tenant_ids=list(slots.by_tenant),
            slots_of_tenants=list(slots.by_tenant.values()),
            after=after,
            tenants_max=tenants_max,
        )
    ]
    summary = records[0]
    blocked_tenant_ids, blocked_keys = summary["blocked_tenant_ids"] or [], summary["blocked_keys"] or []
    return Claim(
        jobs=[msgspec.convert(record, ClaimedJob) for record in records if record["job_id"] is not None],
        last_tenant_id=summary["last_tenant_id"],
        blocked_keys=list(zip(blocked_tenant_ids, blocked_keys, strict=True)),
    )


async def job_count_failed(connection: Connection, *, limit: int) -> int:
    """Count failed jobs, up to a limit."""
    count: int = await _queries.job_count_failed(connection, limit=limit)
    return count


async def job_count_queued(connection: Connection, *, limit: int) -> int:
    """Count the jobs that are waiting for an attempt or for their key, up to a limit."""
    count: int = await _queries.job_count_queued(connection, limit=limit)
    return count


async def job_count_unfinished(
    connection: Connection, *, organisation_id: UUID, kinds: Sequence[str], limit: int
) -> int:
    """Count an organisation's jobs of some kinds that aren't finished, up to a limit."""
    count: int = await _queries.job_count_unfinished(
        connection, organisation_id=organisation_id, kinds=kinds, limit=limit
    )
    return count


async def job_delete_failed(connection: Connection, *, retention: timedelta, limit: int) -> int:
    """Delete failed jobs whose retention period is over; return how many were deleted."""
    return len([record async for record in _queries.job_delete_failed(connection, retention=retention, limit=limit)])


async def job_delete_of_organisation(connection: Connection, *, organisation_id: UUID, limit: int) -> int:
    """Delete some jobs of an organisation that don't run; return how many."""
    count: int = await _queries.job_delete_of_organisation(connection, organisation_id=organisation_id, limit=limit)
    return count


async def job_delete_succeeded_or_canceled(connection: Connection, *, retention: timedelta, limit: int) -> int:
    """Delete succeeded and canceled jobs whose retention period is over; return how many were deleted."""
    records = _queries.job_delete_succeeded_or_canceled(connection, retention=retention, limit=limit)
    return len([record async for record in records])


async def job_find(connection: Connection, *, job_id: UUID, organisation_id: UUID | None) -> Job | None:
    """Read one job, of any organisation unless one is given."""
    record = await _queries.job_find(connection, job_id=job_id, organisation_id=organisation_id)
    return None if record is None else _read_job(record)


async def job_finish(connection: Connection, *, worker_id: UUID, outcomes: Sequence[AttemptOutcome]) -> list[EndedJob]:
    """Write the outcomes of attempts; return the jobs that this worker still held, with their new states."""
    rows = [_outcome_row(outcome) for outcome in outcomes]
    records = _queries.job_finish(connection, worker_id=worker_id, outcomes=msgspec.json.encode(rows).decode())
    return [msgspec.convert(record, EndedJob) async for record in records]


async def job_insert(
    connection: Connection,
    *,
    job_id: UUID,
    kind: str,
    organisation_id: UUID | None,
    payload: str,
    priority: JobPriority,
    key: str | None,
    is_unique: bool,
    run_at: datetime | None,
    attempts_max: int,
) -> bool:
    """Enqueue a job; return False if a unique job of its kind and key is already waiting for its first attempt."""
    inserted_id = await _queries.job_insert(
        connection,
        job_id=job_id,
        kind=kind,
        organisation_id=organisation_id,
        payload=payload,
        priority=priority,
        key=key,
        is_unique=is_unique,
        run_at=run_at,
        attempts_max=attempts_max,
    )
    return inserted_id is not None


async def job_list(
    connection: Connection, *, state: JobState | None, kind: str | None, before: UUID | None, limit: int
) -> list[Job]:
    """Read a page of the jobs of all organisations, newest first; None means no condition."""
    records = _queries.job_list(connection, state=state, kind=kind, before=before, limit=limit)
    return [_read_job(record) async for record in records]


async def job_list_by_organisation(
    connection: Connection,
    *,
    organisation_id: UUID,
    state: JobState | None,
    kind: str | None,
    before: UUID | None,
    limit: int,
) -> list[Job]:
    """Read a page of an organisation's jobs, newest first; None means no condition."""
    records = _queries.job_list_by_organisation(
        connection, organisation_id=organisation_id, state=state, kind=kind, before=before, limit=limit
    )
    return [_read_job(record) async for record in records]


async def job_list_stop_requests(connection: Connection, *, worker_id: UUID) -> dict[UUID, StopRequest]:
    """Return a worker's running jobs that were asked to stop, by their ids."""
    records = _queries.job_list_stop_requests(connection, worker_id=worker_id)
    return {record["job_id"]: StopRequest(record["stop_request"]) async for record in records}


async def job_mark_waiting(connection: Connection, *, keys: Collection[tuple[UUID, str]]) -> int:
    """Mark the jobs behind the first one of each key as waiting; return how many were marked."""
    records = _queries.job_mark_waiting(
        connection,
        tenant_ids=[tenant_id for tenant_id, _ in keys],
        keys=[key for _, key in keys],
        limit=MARK_WAITING_MAX,
    )
    return len([record async for record in records])


async def job_pause(connection: Connection, *, job_id: UUID, organisation_id: UUID | None, paused_by: str) -> bool:
    """Pause a job, or request it of a running one; return False if there is no such job that can be paused."""
    paused_id = await _queries.job_pause(
        connection, job_id=job_id, organisation_id=organisation_id, paused_by=paused_by
    )
    return paused_id is not None


async def job_promote(connection: Connection, *, keys: Collection[tuple[UUID, str]]) -> None:
    """Let the first waiting job of each key run; keys are pairs of tenant and key."""
    await _queries.job_promote(
        connection, tenant_ids=[tenant_id for tenant_id, _ in keys], keys=[key for _, key in keys]
    )


async def job_release(connection: Connection, *, worker_ids: Sequence[UUID], error: str) -> list[EndedJob]:
    """Release the jobs of dead workers; the attempt counts as failed with this error."""
    records = _queries.job_release(connection, worker_ids=worker_ids, error=error)
    return [msgspec.convert(record, EndedJob) async for record in records]


async def job_release_unknown(
    connection: Connection, *, worker_id: UUID, known_ids: Collection[UUID]
) -> list[EndedJob]:
    """Release the jobs that a worker holds, except those that it knows."""
    records = _queries.job_release_unknown(connection, worker_id=worker_id, known_ids=list(known_ids))
    return [msgspec.convert(record, EndedJob) async for record in records]


async def job_resume(connection: Connection, *, job_id: UUID, organisation_id: UUID | None) -> bool:
    """Let a paused job continue; return False if there is no such job that is paused or asked to pause."""
    return await _queries.job_resume(connection, job_id=job_id, organisation_id=organisation_id) is not None


async def job_retry(connection: Connection, *, job_id: UUID, organisation_id: UUID | None) -> bool:
    """Make a job due now; return False if its state doesn't allow it, or if there is no such job."""
    return await _queries.job_retry(connection, job_id=job_id, organisation_id=organisation_id) is not None


async def job_save(
    connection: Connection, *, job_id: UUID, worker_id: UUID, attempt: int, progress: Progress, cursor: str | None
) -> SavedJob | None:
    """Write a job's progress; return whether it was asked to stop, or None if this worker has lost it."""
    record = await _queries.job_save(
        connection,
        job_id=job_id,
        worker_id=worker_id,
        attempt=attempt,
        done=progress.done,
        total=progress.total,
        note=progress.note,
        cursor=cursor,
    )
    return None if record is None else msgspec.convert(record, SavedJob)


async def schedule_list(connection: Connection) -> list[ScheduleState]:
    """Read all schedules, sorted by name."""
    return [msgspec.convert(record, ScheduleState) async for record in _queries.schedule_list(connection)]


async def schedule_lock_due(connection: Connection, *, names: Sequence[str]) -> list[tuple[str, datetime]]:
    """Lock the due schedules that no other worker has locked; return each name and the current time."""
    return [(record["name"], record["now"]) async for record in _queries.schedule_lock_due(connection, names=names)]


async def schedule_read_clock(connection: Connection) -> datetime:
    """Return the database's current time."""
    now: datetime = await _queries.schedule_read_clock(connection)
    return now


async def schedule_set_next(connection: Connection, *, name: str, next_run_at: datetime) -> None:
    """Set when a schedule is due next."""
    await _queries.schedule_set_next(connection, name=name, next_run_at=next_run_at)


async def schedule_upsert(
    connection: Connection, *, name: str, cron: str, timezone: str, next_run_at: datetime
) -> None:
    """Write a new or changed schedule; an unchanged one is left as it is."""
    await _queries.schedule_upsert(connection, name=name, cron=cron, timezone=timezone, next_run_at=next_run_at)


def _read_job(record: Mapping[str, Any]) -> Job:
    fields = {**record, "state": JobState(record["state"]), "priority": JobPriority(record["priority"])}
    texts = {name: record[name] for name in ("payload", "cursor", "result")}
    raw = {name: None if text is None else msgspec.Raw(text.encode()) for name, text in texts.items()}
    return Job(**{**fields, **raw})


def _outcome_row(outcome: AttemptOutcome) -> dict[str, Any]:
    return {
        "job_id": outcome.job.job_id,
        "attempt": outcome.job.attempt_count,
        "ending": outcome.ending,
        "retry_delay_s": outcome.retry_delay_s,
        "result": outcome.result,
        "error": outcome.error,
        "progress_done": outcome.progress.done,
        "progress_total": outcome.progress.total,
        "progress_note": outcome.progress.note,
    }
