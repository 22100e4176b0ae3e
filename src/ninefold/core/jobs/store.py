"""The queries of schema `jobs`, one typed function each."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from ninefold.core.jobs.model import (
    AttemptOutcome,
    ClaimedJob,
    EndedJob,
    Job,
    JobPriority,
    JobState,
    Progress,
    Room,
    ScheduleState,
)
from ninefold.core.postgres.database import Connection
from ninefold.core.postgres.queries import load_queries

SET_ASIDE_MAX = 1_000
"""Jobs of one key that one statement sets aside."""

_queries = load_queries(__package__)


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What one claim has brought."""

    jobs: list[ClaimedJob]
    last_tenant_id: UUID | None
    """The last tenant that was scanned; None if no tenant is left."""
    blocked_keys: list[tuple[UUID, str]]
    """Tenant and key of due jobs that have to wait for another one."""


async def job_cancel(connection: Connection, *, job_id: UUID, canceled_by: str) -> EndedJob | None:
    """End a job, or ask for the end of a running one; None when there is no such unfinished job."""
    record = await _queries.job_cancel(connection, job_id=job_id, canceled_by=canceled_by)
    return None if record is None else msgspec.convert(record, EndedJob)


async def job_claim(
    connection: Connection,
    *,
    worker_id: UUID,
    kinds: Sequence[str],
    room: Room,
    after: UUID,
    tenants_max: int,
) -> Claim:
    """Take jobs that are due.

    Args:
        connection: in a transaction that guards the worker's lease.
        worker_id: who takes them.
        kinds: which kinds it can run.
        room: how many it can take.
        after: the tenant after which the scan starts.
        tenants_max: how many tenants are scanned.
    """
    records = [
        record
        async for record in _queries.job_claim(
            connection,
            worker_id=worker_id,
            kinds=kinds,
            limit=room.total,
            room_of_newcomer=room.of_newcomer,
            tenant_ids=list(room.of_tenants),
            rooms=list(room.of_tenants.values()),
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
    """Count the jobs that failed, up to a bound."""
    count: int = await _queries.job_count_failed(connection, limit=limit)
    return count


async def job_count_queued(connection: Connection, *, limit: int) -> int:
    """Count the jobs that wait for an attempt or for their key, up to a bound."""
    count: int = await _queries.job_count_queued(connection, limit=limit)
    return count


async def job_delete_failed(connection: Connection, *, kept: timedelta, limit: int) -> int:
    """Delete failed jobs that ended longer ago than they are kept; return how many."""
    return len([record async for record in _queries.job_delete_failed(connection, kept=kept, limit=limit)])


async def job_delete_succeeded_or_canceled(connection: Connection, *, kept: timedelta, limit: int) -> int:
    """Delete jobs that succeeded or were canceled longer ago than they are kept; return how many."""
    records = _queries.job_delete_succeeded_or_canceled(connection, kept=kept, limit=limit)
    return len([record async for record in records])


async def job_find(connection: Connection, *, job_id: UUID) -> Job | None:
    """Read one job."""
    record = await _queries.job_find(connection, job_id=job_id)
    return None if record is None else _read_job(record)


async def job_finish(connection: Connection, *, worker_id: UUID, outcomes: Sequence[AttemptOutcome]) -> list[EndedJob]:
    """Write what came of attempts; return the jobs that this worker still held, with their new states."""
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
    """Enqueue a job; False when a unique one of its kind and key already waits for its first attempt."""
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
    connection: Connection,
    *,
    state: JobState | None,
    kind: str | None,
    organisation_id: UUID | None,
    before: UUID | None,
    limit: int,
) -> list[Job]:
    """Read a page of jobs, newest first; None is no condition."""
    records = _queries.job_list(
        connection, state=state, kind=kind, organisation_id=organisation_id, before=before, limit=limit
    )
    return [_read_job(record) async for record in records]


async def job_list_cancel_requested(connection: Connection, *, worker_id: UUID) -> set[UUID]:
    """Return the ids of the jobs that a worker runs and that are to be canceled."""
    return {record["job_id"] async for record in _queries.job_list_cancel_requested(connection, worker_id=worker_id)}


async def job_promote(connection: Connection, *, keys: Collection[tuple[UUID, str]]) -> None:
    """Let the first job that waits for each of these keys run; tenants and keys."""
    await _queries.job_promote(
        connection, tenant_ids=[tenant_id for tenant_id, _ in keys], keys=[key for _, key in keys]
    )


async def job_release(connection: Connection, *, worker_ids: Sequence[UUID], error: str) -> list[EndedJob]:
    """Give back what dead workers ran, as an attempt that failed for this reason."""
    records = _queries.job_release(connection, worker_ids=worker_ids, error=error)
    return [msgspec.convert(record, EndedJob) async for record in records]


async def job_release_unknown(
    connection: Connection, *, worker_id: UUID, known_ids: Collection[UUID]
) -> list[EndedJob]:
    """Give back what a worker holds, but for what it knows of."""
    records = _queries.job_release_unknown(connection, worker_id=worker_id, known_ids=list(known_ids))
    return [msgspec.convert(record, EndedJob) async for record in records]


async def job_retry(connection: Connection, *, job_id: UUID) -> bool:
    """Let a job run again at once; False when its state doesn't allow it, or it isn't there."""
    return await _queries.job_retry(connection, job_id=job_id) is not None


async def job_save(
    connection: Connection, *, job_id: UUID, worker_id: UUID, attempt: int, progress: Progress, cursor: str | None
) -> bool | None:
    """Write how far a job is; say whether it is to be canceled, or None when this worker doesn't hold it any more."""
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
    return None if record is None else bool(record["is_cancel_requested"])


async def job_set_aside(connection: Connection, *, keys: Collection[tuple[UUID, str]]) -> int:
    """Let the jobs behind the first one of each of these keys wait; return how many there were."""
    records = _queries.job_set_aside(
        connection,
        tenant_ids=[tenant_id for tenant_id, _ in keys],
        keys=[key for _, key in keys],
        limit=SET_ASIDE_MAX,
    )
    return len([record async for record in records])


async def schedule_list(connection: Connection) -> list[ScheduleState]:
    """Read every schedule, by name."""
    return [msgspec.convert(record, ScheduleState) async for record in _queries.schedule_list(connection)]


async def schedule_lock_due(connection: Connection, *, names: Sequence[str]) -> list[tuple[str, datetime]]:
    """Hold those of these schedules that are due and that nobody else has in hand; return names and the present."""
    return [(record["name"], record["now"]) async for record in _queries.schedule_lock_due(connection, names=names)]


async def schedule_read_clock(connection: Connection) -> datetime:
    """Return the database's present."""
    now: datetime = await _queries.schedule_read_clock(connection)
    return now


async def schedule_set_next(connection: Connection, *, name: str, next_run_at: datetime) -> None:
    """Write when a schedule that was due is due again."""
    await _queries.schedule_set_next(connection, name=name, next_run_at=next_run_at)


async def schedule_upsert(
    connection: Connection, *, name: str, cron: str, timezone: str, next_run_at: datetime
) -> None:
    """Write a schedule that is new or has changed; one that is as it was stays so."""
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
