"""Runs an ended run again, as a new attempt: all of its jobs, those that failed, or chosen ones.

Jobs that depend on those that are run again are run again too. The others keep their outcomes and outputs: the new
attempt has copies of them.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID

import msgspec

from ninefold.core.errors import InvalidInputError
from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.errors import (
    InvalidFileError,
    RunNotEndedError,
    RunNotFoundError,
    TooManyAttemptsError,
)
from ninefold.systems.workflows.model.runs import ATTEMPTS_MAX, JOB_PREFIX, Run, RunJob
from ninefold.systems.workflows.service.channels import Changed
from ninefold.systems.workflows.service.runs.changing import RunChange
from ninefold.systems.workflows.service.runs.planners import PLANNERS, read_plan
from ninefold.systems.workflows.service.runs.triggers import begin_attempt
from ninefold.systems.workflows.store import run_jobs
from ninefold.systems.workflows.store import runs as store

JobsToRerun: TypeAlias = Literal["all", "failed"] | Sequence[UUID]

JOBS_MAX: Final = 10_000
"""Jobs of an attempt that are looked at."""

_AGAIN: Final = frozenset({"failed", "canceled"})


async def rerun(
    connection: Connection,
    run_id: UUID,
    *,
    jobs: JobsToRerun,
    by: str,
    is_debug: bool,
    at: datetime,
    priority: int | None = None,
) -> Changed:
    """Begin another attempt of a run.

    Args:
        connection: in the caller's transaction.
        run_id: the run, of the caller's organisation.
        jobs: which are run again, with those that depend on them.
        by: who has asked for it.
        is_debug: whether logs have debug messages.
        at: now.
        priority: of the attempt; None for that of the one before.

    Raises:
        RunNotEndedError: jobs of the run still go on.
        TooManyAttemptsError: it has had `ATTEMPTS_MAX`.
        InvalidInputError: nothing failed, or a chosen job isn't one of the last attempt.
    """
    run = await store.run_lock(connection, run_id=run_id)
    if run is None:
        raise RunNotFoundError("There is no such run.")
    if not run.is_ended:
        raise RunNotEndedError(
            f"The run is {run.status}. It can be run again when it has ended.", remedy="Wait for its end, or cancel it."
        )
    if run.attempt >= ATTEMPTS_MAX:
        raise TooManyAttemptsError(
            f"The run has had {ATTEMPTS_MAX} attempts.", remedy="Start a new run of the workflow."
        )
    known = await run_jobs.job_list(connection, run_id=run_id, attempt=run.attempt, after=None, limit=JOBS_MAX)
    reused = _reused(known, jobs)
    following = msgspec.structs.replace(
        run,
        attempt=run.attempt + 1,
        priority=run.priority if priority is None else priority,
        status="queued",
        why="",
        started_at=None,
        ended_at=None,
        cancel_requested_at=None,
    )
    await store.run_attempt_insert(
        connection,
        run_id=run_id,
        attempt=following.attempt,
        triggering_actor=by,
        is_debug=is_debug,
        created_at=at,
    )
    await run_jobs.job_insert_reused(
        connection, copies=list(zip(sorted(new_id() for _ in reused), [job.job_id for job in reused], strict=True))
    )
    return await _begin(connection, run, following, at=at)


async def _begin(connection: Connection, run: Run, following: Run, *, at: datetime) -> Changed:
    try:
        plan = await read_plan(connection, following)
    except InvalidFileError as error:
        raise InvalidInputError(
            "The workflow file of the run can't be read, so that it can't be run again.",
            remedy="Correct the file, push it, and start a new run.",
        ) from error
    change = RunChange(connection, run, at=at, live=await PLANNERS.load(connection, following))
    change.run = following
    return await begin_attempt(connection, change, plan.workflow, plan.contexts)


def _reused(known: Sequence[RunJob], jobs: JobsToRerun) -> list[RunJob]:
    """Return the jobs that aren't run again."""
    if jobs == "all":
        return []
    chosen = _failed(known) if jobs == "failed" else _chosen(known, jobs)
    again = with_dependents(known, {job.key for job in chosen})
    return [job for job in known if job.key not in again and job.status != "skipped"]


def _failed(known: Iterable[RunJob]) -> list[RunJob]:
    failed = [job for job in known if job.status in _AGAIN]
    if not failed:
        raise InvalidInputError("No job of the run has failed.", field="jobs", remedy="Run all jobs again: `all`.")
    return failed


def _chosen(known: Iterable[RunJob], job_ids: Collection[UUID]) -> list[RunJob]:
    by_id = {job.job_id: job for job in known}
    for job_id in job_ids:
        if job_id not in by_id:
            raise InvalidInputError(
                f"{format_id(JOB_PREFIX, job_id)} isn't a job of the last attempt of the run.",
                field="jobs",
                remedy="List its jobs: ninefold workflows runs jobs.",
            )
    if not job_ids:
        raise InvalidInputError("No job is chosen.", field="jobs", remedy="Name jobs, or `all`, or `failed`.")
    return [by_id[job_id] for job_id in job_ids]


def with_dependents(known: Sequence[RunJob], keys: Collection[str]) -> set[str]:
    """Return jobs and all that need them, directly or not, by their keys."""
    # What a job needs is named without its place in a matrix, and without the workflow that it calls.
    needing: dict[str, list[str]] = {}
    for job in known:
        for need in job.needs:
            needing.setdefault(need, []).append(job.key)
    found, left = set(keys), list(keys)
    while left:
        for name in _names_of(left.pop()):
            for dependent in needing.get(name, ()):
                if dependent not in found:
                    found.add(dependent)
                    left.append(dependent)
    return found


def _names_of(key: str) -> Iterable[str]:
    """Yield the names by which others need a job: `a/b.1` is `a/b.1`, `a/b`, `a`."""
    parts = key.split("/")
    for count in range(len(parts), 0, -1):
        name = "/".join(parts[:count])
        yield name
        yield name.rpartition(".")[0] if "." in parts[count - 1] else name
