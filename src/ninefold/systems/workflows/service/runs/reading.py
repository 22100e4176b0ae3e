"""Reads runs, their jobs and what they have said, for the API."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.errors import RunNotFoundError
from ninefold.systems.workflows.model.runs import (
    JOB_PREFIX,
    RUN_PREFIX,
    Attempt,
    JobStatus,
    LoggedEvent,
    Run,
    RunAnnotation,
    RunJob,
)
from ninefold.systems.workflows.store import run_jobs
from ninefold.systems.workflows.store import runs as store

ANNOTATIONS_MAX: Final = 1_000
SUMMARIES_MAX: Final = 200
"""That one answer has."""

_STEP_STATUSES: Final[Mapping[str, JobStatus]] = {
    "success": "succeeded",
    "failure": "failed",
    "cancelled": "canceled",
    "skipped": "skipped",
}


class ShownRun(NamedTuple):
    """A run with one of its attempts."""

    run: Run
    attempt: Attempt
    repository: str
    job_counts: Mapping[str, int]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a job, as far as it has come."""

    number: int
    name: str
    status: JobStatus
    started_at: datetime | None
    ended_at: datetime | None


class ShownJob(NamedTuple):
    """A job with its steps."""

    job: RunJob
    steps: Sequence[Step]
    annotation_counts: Mapping[str, int]


class _StepData(msgspec.Struct, frozen=True, kw_only=True):
    """What the log says of a step."""

    step: int
    name: str = ""
    conclusion: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None


_step_data: Final = msgspec.json.Decoder(_StepData)
_annotation: Final = msgspec.json.Decoder(RunAnnotation)


async def get_run(connection: Connection, *, organisation_id: UUID, run_id: UUID) -> Run:
    """Return a run of an organisation.

    Raises:
        RunNotFoundError: there is none.
    """
    run = await store.run_find(connection, organisation_id=organisation_id, run_id=run_id)
    if run is None:
        raise RunNotFoundError(
            f"There is no run {format_id(RUN_PREFIX, run_id)}.",
            field="run_id",
            remedy="List the runs: ninefold workflows runs list.",
        )
    return run


async def get_attempt(connection: Connection, run: Run, attempt: int | None) -> Attempt:
    """Return an attempt of a run; by default, the last one.

    Raises:
        RunNotFoundError: the run has had fewer.
    """
    number = run.attempt if attempt is None else attempt
    is_there = 1 <= number <= run.attempt
    found = await store.run_attempt_find(connection, run_id=run.run_id, attempt=number) if is_there else None
    if found is None:
        raise RunNotFoundError(
            f"The run has no attempt {number}.", field="attempt", remedy=f"It has {run.attempt}, counted from 1."
        )
    return found


async def show_run(connection: Connection, run: Run, *, attempt: int | None = None) -> ShownRun:
    """Return a run with one of its attempts; by default, the last one.

    Raises:
        RunNotFoundError: the run has had fewer.
    """
    shown = await get_attempt(connection, run, attempt)
    counts = await run_jobs.job_count_by_status(connection, attempts=[(run.run_id, shown.attempt)])
    names = await store.run_list_repositories(connection, repository_ids=[run.repository_id])
    return ShownRun(run, shown, names[run.repository_id], counts.get(run.run_id, {}))


async def show_runs(connection: Connection, runs: Sequence[Run]) -> list[ShownRun]:
    """Return runs with their last attempts."""
    counts = await run_jobs.job_count_by_status(connection, attempts=[(run.run_id, run.attempt) for run in runs])
    names = await store.run_list_repositories(connection, repository_ids={run.repository_id for run in runs})
    return [ShownRun(run, _last_attempt(run), names[run.repository_id], counts.get(run.run_id, {})) for run in runs]


async def get_job(connection: Connection, *, organisation_id: UUID, job_id: UUID) -> RunJob:
    """Return a job of an organisation.

    Raises:
        RunNotFoundError: there is none.
    """
    job = await run_jobs.job_find(connection, organisation_id=organisation_id, job_id=job_id)
    if job is None:
        raise RunNotFoundError(
            f"There is no job {format_id(JOB_PREFIX, job_id)}.",
            field="job_id",
            remedy="List the jobs of its run: ninefold workflows runs jobs.",
        )
    return job


async def show_jobs(connection: Connection, jobs: Sequence[RunJob]) -> list[ShownJob]:
    """Return jobs of one attempt with their steps; a job that wasn't run again has those of the job that it copies."""
    if not jobs:
        return []
    origins = {job.job_id: job.reused_job_id or job.job_id for job in jobs}
    events = await store.run_event_list_steps(connection, job_ids=origins.values())
    counts = await store.run_event_count_annotations(
        connection, run_id=jobs[0].run_id, attempt=jobs[0].attempt, job_ids=origins.values()
    )
    return [
        ShownJob(
            job,
            _steps(events.get(origins[job.job_id], ()), is_ended=job.is_ended),
            counts.get(origins[job.job_id], {}),
        )
        for job in jobs
    ]


async def list_annotations(connection: Connection, run: Run, *, attempt: int) -> list[RunAnnotation]:
    """Return the annotations of an attempt, oldest first, at most `ANNOTATIONS_MAX`."""
    events = await store.run_event_list_annotations(
        connection, run_id=run.run_id, attempt=attempt, limit=ANNOTATIONS_MAX
    )
    return [_annotation.decode(event.data) for event in events]


def _steps(events: Sequence[LoggedEvent], *, is_ended: bool) -> list[Step]:
    found: dict[int, Step] = {}
    for event in events:
        data = _step_data.decode(event.data)
        if event.type == "step_ended":
            status = _STEP_STATUSES.get(data.conclusion or "", "failed")
            began = data.started_at or (found[data.step].started_at if data.step in found else None)
            found[data.step] = Step(
                number=data.step,
                name=data.name,
                status=status,
                started_at=began,
                ended_at=data.ended_at or event.at,
            )
        else:
            # A job whose runner was lost has steps without an end.
            found[data.step] = Step(
                number=data.step,
                name=data.name,
                status="canceled" if is_ended else "running",
                started_at=data.started_at or event.at,
                ended_at=None,
            )
    return [found[number] for number in sorted(found)]


def _last_attempt(run: Run) -> Attempt:
    # Lists don't show who has begun the attempt, so that it needn't be read.
    fields: dict[str, Any] = {name: getattr(run, name) for name in ("run_id", "attempt", "status", "why")}
    return Attempt(
        **fields,
        triggering_actor=run.actor,
        is_debug=False,
        created_at=run.created_at,
        started_at=run.started_at,
        ended_at=run.ended_at,
    )
