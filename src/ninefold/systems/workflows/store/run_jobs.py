"""Queries for the jobs of runs, and the summaries of their steps."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.model.runs import JobStatus, Run, RunJob
from ninefold.systems.workflows.planning import Outcome, PlannedJob
from ninefold.systems.workflows.store.queries import queries, read_row, read_row_or_none

_outcome: Final = msgspec.msgpack.Decoder(Outcome)
_planned: Final = msgspec.msgpack.Decoder(PlannedJob)
_encode: Final = msgspec.msgpack.Encoder().encode


class JobRow(msgspec.Struct, kw_only=True):
    """What becomes of a job of a run, as the planner decides it; until it is written, it can change."""

    job_id: UUID
    key: str
    name: str
    status: JobStatus
    why: str = ""
    needs: tuple[str, ...] = ()
    planned: PlannedJob | None = None
    concurrency_group: str | None = None
    outcome: Outcome | None = None


class EndedJob(NamedTuple):
    """How a job ends."""

    job_id: UUID
    status: JobStatus
    why: str
    outcome: Outcome


class StepSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a step has written into its summary."""

    job_id: UUID
    key: str
    name: str
    """Of the job."""
    step_number: int
    step_name: str
    markdown: str


async def job_count_by_status(
    connection: Connection, *, attempts: Collection[tuple[UUID, int]]
) -> dict[UUID, dict[str, int]]:
    """Count the jobs of attempts of runs, by their states."""
    counts: dict[UUID, dict[str, int]] = {}
    records = queries.job_count_by_status(
        connection, run_ids=[run_id for run_id, _ in attempts], attempts=[attempt for _, attempt in attempts]
    )
    async for record in records:
        counts.setdefault(record["run_id"], {})[record["status"]] = record["jobs"]
    return counts


async def job_delete_waiting(connection: Connection, run: Run, *, keys: Collection[str]) -> None:
    """Delete jobs that only stood for those that are known now."""
    await queries.job_delete_waiting(connection, run_id=run.run_id, attempt=run.attempt, keys=list(keys))


async def job_end(connection: Connection, ended: Sequence[EndedJob], *, at: datetime) -> None:
    """End jobs, with their outcomes."""
    await queries.job_end(
        connection,
        job_ids=[each.job_id for each in ended],
        statuses=[each.status for each in ended],
        whys=[each.why for each in ended],
        outcomes=[_encode(each.outcome) for each in ended],
        at=at,
    )


async def job_find(connection: Connection, *, organisation_id: UUID, job_id: UUID) -> RunJob | None:
    """Read a job of an organisation."""
    return read_row_or_none(RunJob, await queries.job_find(connection, organisation_id=organisation_id, job_id=job_id))


async def job_find_planned(connection: Connection, *, job_id: UUID) -> PlannedJob | None:
    """Read what a job does; None until it can start."""
    planned = await queries.job_find_planned(connection, job_id=job_id)
    return None if planned is None else _planned.decode(planned)


async def job_find_run(connection: Connection, *, job_id: UUID) -> UUID | None:
    """Read which run a job is of."""
    run_id: UUID | None = await queries.job_find_run(connection, job_id=job_id)
    return run_id


async def job_insert_reused(connection: Connection, *, copies: Collection[tuple[UUID, UUID]]) -> None:
    """Insert jobs of an attempt that aren't run again, as copies of those of the attempt before.

    Args:
        connection: in the transaction that has locked the run.
        copies: pairs of a new id and the id of the job that is copied.
    """
    await queries.job_insert_reused(
        connection, job_ids=[new for new, _ in copies], of_job_ids=[old for _, old in copies]
    )


async def job_list(
    connection: Connection, *, run_id: UUID, attempt: int, after: UUID | None, limit: int
) -> list[RunJob]:
    """Read a page of the jobs of an attempt of a run, in the order in which they became known."""
    records = queries.job_list(connection, run_id=run_id, attempt=attempt, after=after, limit=limit)
    return [read_row(RunJob, record) async for record in records]


async def job_list_reused(connection: Connection, *, run_id: UUID, attempt: int) -> dict[str, Outcome]:
    """Read the outcomes of the jobs of an attempt that aren't run again, by their keys."""
    records = queries.job_list_reused(connection, run_id=run_id, attempt=attempt)
    return {record["key"]: _outcome.decode(record["outcome"]) async for record in records}


async def job_lock(connection: Connection, *, job_id: UUID) -> RunJob | None:
    """Read a job, and keep others from changing it until the transaction ends. Lock its run first."""
    return read_row_or_none(RunJob, await queries.job_lock(connection, job_id=job_id))


async def job_lock_by_keys(connection: Connection, run: Run, *, keys: Collection[str]) -> list[RunJob]:
    """Read some jobs of the last attempt of a run, and keep others from changing them."""
    records = queries.job_lock_by_keys(connection, run_id=run.run_id, attempt=run.attempt, keys=list(keys))
    return [read_row(RunJob, record) async for record in records]


async def job_queue(connection: Connection, *, job_id: UUID, at: datetime) -> None:
    """Queue a job that has waited for its concurrency group."""
    await queries.job_queue(connection, job_id=job_id, at=at)


async def job_request_cancel(connection: Connection, *, job_ids: Collection[UUID], at: datetime) -> None:
    """Ask for jobs to be cancelled."""
    await queries.job_request_cancel(connection, job_ids=list(job_ids), at=at)


async def job_requeue(connection: Connection, *, job_id: UUID, priority: int) -> None:
    """Queue a job again whose runner was lost before it had begun; it keeps its place."""
    await queries.job_requeue(connection, job_id=job_id, priority=priority)


async def job_set_priority(connection: Connection, run: Run) -> None:
    """Give the jobs of the last attempt that no runner has the priority of the run."""
    await queries.job_set_priority(connection, run_id=run.run_id, attempt=run.attempt, priority=run.priority)


async def job_start(connection: Connection, *, job_id: UUID, runner_name: str, at: datetime) -> None:
    """Note that a job has begun."""
    await queries.job_start(connection, job_id=job_id, runner_name=runner_name, at=at)


async def job_upsert(connection: Connection, run: Run, rows: Collection[JobRow], *, at: datetime) -> dict[str, UUID]:
    """Insert jobs, or write what has become of those that wait.

    Returns:
        The id of each job that was written, by its key: one that was there keeps its own.
    """
    records = queries.job_upsert(
        connection,
        organisation_id=run.organisation_id,
        repository_id=run.repository_id,
        run_id=run.run_id,
        attempt=run.attempt,
        priority=run.priority,
        at=at,
        job_ids=[row.job_id for row in rows],
        keys=[row.key for row in rows],
        names=[_one_line(row.name) for row in rows],
        labels=["\n".join(map(_one_line, row.planned.labels)) if row.planned else "" for row in rows],
        runner_groups=[row.planned.group if row.planned else None for row in rows],
        planned=[None if row.planned is None else _encode(row.planned) for row in rows],
        statuses=[row.status for row in rows],
        whys=[row.why for row in rows],
        needs=["\n".join(row.needs) for row in rows],
        concurrency_groups=[row.concurrency_group for row in rows],
        outcomes=[None if row.outcome is None else _encode(row.outcome) for row in rows],
    )
    return {record["key"]: record["job_id"] async for record in records}


async def step_summary_append(
    connection: Connection, *, job_id: UUID, step_number: int, step_name: str, markdown: str
) -> None:
    """Add to what a step has written into its summary; what would be more than 1 MiB isn't added."""
    await queries.step_summary_append(
        connection,
        job_id=job_id,
        step_number=step_number,
        step_name=step_name,
        markdown=markdown.replace("\0", "\ufffd"),
    )


async def step_summary_list(connection: Connection, *, run_id: UUID, attempt: int, limit: int) -> list[StepSummary]:
    """Read the summaries of the steps of an attempt of a run."""
    records = queries.step_summary_list(connection, run_id=run_id, attempt=attempt, limit=limit)
    return [read_row(StepSummary, record) async for record in records]


def _one_line(text: str) -> str:
    return " ".join(text.replace("\0", "\ufffd").split("\n"))
