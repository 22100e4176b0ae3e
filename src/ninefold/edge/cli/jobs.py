"""`ninefold jobs …`: like `ninefold keys`, they connect to the database. They show the jobs of all organisations."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Final
from uuid import UUID

import cyclopts
import msgspec
from rich.text import Text

from ninefold.core.commands import parse_argument_id, print_fields, print_json, print_note, print_table, state_text
from ninefold.core.ids import format_id
from ninefold.core.jobs import Job, JobState, service
from ninefold.core.jobs.model import JOB_PREFIX, ScheduleState
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.model import ORGANISATION_PREFIX
from ninefold.edge.cli.auditing import record_command
from ninefold.edge.cli.organisations import parse_organisation_id
from ninefold.edge.cli.settings import DataDir, Json, read_core_settings
from ninefold.edge.database import open_transaction

ACTOR: Final = "command line"
"""Who has canceled or paused a job, as the job shows it."""

ERROR_LENGTH_SHOWN_MAX: Final = 120
"""The limit in lists; `ninefold jobs show` prints the whole error."""

Limit = Annotated[int, cyclopts.Parameter(validator=cyclopts.validators.Number(gte=1, lte=1_000))]

jobs = cyclopts.App(name="jobs")


@jobs.command(name="list")
def list_(
    *,
    state: JobState | None = None,
    kind: str | None = None,
    organisation: str | None = None,
    limit: Limit = 50,
    before: str | None = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """List jobs, newest first.

    Args:
        state: List only jobs in this state; `failed` jobs need attention.
        kind: List only jobs of this kind, such as webhooks.cancel_deliveries.
        organisation: List only jobs of this organisation.
        limit: Maximum number of jobs to list.
        before: List only jobs that are older than the job with this id.
        data_dir: see DataDir.
        json: see Json.
    """
    found = asyncio.run(
        _list(
            state=state,
            kind=kind,
            organisation_id=None if organisation is None else parse_organisation_id(organisation),
            before=None if before is None else _parse_id(before),
            limit=limit,
            data_dir=data_dir,
        )
    )
    if json:
        print_json([_describe(job) for job in found])
        return
    print_table(
        ["Job", "Kind", "State", "Attempts", "Progress", "Due at", "Ended at", "Organisation", "Error"],
        [
            [
                format_id(JOB_PREFIX, job.job_id),
                job.kind,
                _state(job),
                f"{job.attempt_count} of {job.attempts_max}",
                _progress(job),
                job.run_at,
                job.finished_at,
                _organisation(job),
                _shortened(job.error),
            ]
            for job in found
        ],
        empty="There are no such jobs.",
    )
    if len(found) == limit:
        print_note(f"There may be more: --before {format_id(JOB_PREFIX, found[-1].job_id)}")


@jobs.command
def show(job_id: str, /, *, data_dir: DataDir = None, json: Json = False) -> None:
    """Show a job with its payload, progress, result and error.

    Args:
        job_id: The job's id, as listed by `ninefold jobs list`.
        data_dir: see DataDir.
        json: see Json.
    """
    _show(asyncio.run(_get(_parse_id(job_id), data_dir=data_dir)), json=json)


@jobs.command
def retry(job_id: str, /, *, data_dir: DataDir = None, json: Json = False) -> None:
    """Run a job now that failed, was canceled or is waiting for a retry. It continues where it stopped.

    Args:
        job_id: The job's id, as listed by `ninefold jobs list --state failed`.
        data_dir: see DataDir.
        json: see Json.
    """
    job = asyncio.run(_retry(_parse_id(job_id), data_dir=data_dir))
    if json:
        print_json(_describe(job))
    else:
        print_note(f"{format_id(JOB_PREFIX, job.job_id)} ({job.kind}) will run as soon as a worker is free.")


@jobs.command
def cancel(job_id: str, /, *, data_dir: DataDir = None, json: Json = False) -> None:
    """Cancel a job, or stop it within seconds if it is running. `ninefold jobs retry` continues it.

    Args:
        job_id: The job's id, as listed by `ninefold jobs list`.
        data_dir: see DataDir.
        json: see Json.
    """
    job = asyncio.run(_cancel(_parse_id(job_id), data_dir=data_dir))
    if json:
        print_json(_describe(job))
        return
    shown_id = format_id(JOB_PREFIX, job.job_id)
    is_over = job.state is JobState.CANCELED
    print_note(
        f"Canceled {shown_id} ({job.kind})."
        if is_over
        else f"{shown_id} ({job.kind}) is running and will stop within seconds."
    )


@jobs.command
def pause(job_id: str, /, *, data_dir: DataDir = None, json: Json = False) -> None:
    """Pause a job, or stop it within seconds if it is running. `ninefold jobs resume` continues it.

    Args:
        job_id: The job's id, as listed by `ninefold jobs list`.
        data_dir: see DataDir.
        json: see Json.
    """
    job = asyncio.run(_pause(_parse_id(job_id), data_dir=data_dir))
    if json:
        print_json(_describe(job))
        return
    shown_id = format_id(JOB_PREFIX, job.job_id)
    print_note(
        f"{shown_id} ({job.kind}) is running and will pause within seconds."
        if job.state is JobState.RUNNING
        else f"Paused {shown_id} ({job.kind})."
    )


@jobs.command
def resume(job_id: str, /, *, data_dir: DataDir = None, json: Json = False) -> None:
    """Let a paused job continue where it stopped.

    Args:
        job_id: The job's id, as listed by `ninefold jobs list --state waiting`.
        data_dir: see DataDir.
        json: see Json.
    """
    job = asyncio.run(_resume(_parse_id(job_id), data_dir=data_dir))
    if json:
        print_json(_describe(job))
    else:
        print_note(f"{format_id(JOB_PREFIX, job.job_id)} ({job.kind}) will continue as soon as a worker is free.")


@jobs.command
def schedules(*, data_dir: DataDir = None, json: Json = False) -> None:
    """List the schedules that enqueue jobs, and when they run next.

    Args:
        data_dir: see DataDir.
        json: see Json.
    """
    found = asyncio.run(_list_schedules(data_dir=data_dir))
    if json:
        print_json(found)
        return
    print_table(
        ["Schedule", "Cron", "Time zone", "Next run at", "Last run at"],
        [list(msgspec.structs.astuple(schedule)) for schedule in found],
        empty="There are no schedules yet. The first worker creates them: ninefold up",
    )


def _parse_id(text: str) -> UUID:
    return parse_argument_id(JOB_PREFIX, text, shown_by="ninefold jobs list")


async def _list(
    *,
    state: JobState | None,
    kind: str | None,
    organisation_id: UUID | None,
    before: UUID | None,
    limit: int,
    data_dir: str | None,
) -> list[Job]:
    async with _transaction(data_dir) as connection:
        return await service.list_jobs(
            connection, state=state, kind=kind, organisation_id=organisation_id, before=before, limit=limit
        )


async def _get(job_id: UUID, *, data_dir: str | None) -> Job:
    async with _transaction(data_dir) as connection:
        return await service.get_job(connection, job_id)


async def _retry(job_id: UUID, *, data_dir: str | None) -> Job:
    async with _transaction(data_dir) as connection:
        job = await service.retry_job(connection, job_id)
        await _record(connection, "ninefold jobs retry", job)
        return job


async def _cancel(job_id: UUID, *, data_dir: str | None) -> Job:
    async with _transaction(data_dir) as connection:
        job = await service.cancel_job(connection, job_id, canceled_by=ACTOR)
        await _record(connection, "ninefold jobs cancel", job)
        return job


async def _pause(job_id: UUID, *, data_dir: str | None) -> Job:
    async with _transaction(data_dir) as connection:
        job = await service.pause_job(connection, job_id, paused_by=ACTOR)
        await _record(connection, "ninefold jobs pause", job)
        return job


async def _resume(job_id: UUID, *, data_dir: str | None) -> Job:
    async with _transaction(data_dir) as connection:
        job = await service.resume_job(connection, job_id)
        await _record(connection, "ninefold jobs resume", job)
        return job


async def _record(connection: Connection, command: str, job: Job) -> None:
    await record_command(
        connection, command, organisation_id=job.organisation_id, target_id=format_id(JOB_PREFIX, job.job_id)
    )


async def _list_schedules(*, data_dir: str | None) -> list[ScheduleState]:
    async with _transaction(data_dir) as connection:
        return await service.list_schedules(connection)


def _transaction(data_dir: str | None) -> AbstractAsyncContextManager[Connection]:
    settings = read_core_settings(data_dir=data_dir)
    return open_transaction(settings, application_name="ninefold jobs", may_create=False)


def _show(job: Job, *, json: bool) -> None:
    fields = _describe(job)
    if json:
        print_json(fields)
        return
    texts = {name: bytes(value).decode() for name, value in fields.items() if isinstance(value, msgspec.Raw)}
    print_fields({**fields, **texts, "state": _state(job)})


def _describe(job: Job) -> dict[str, object]:
    return {
        **msgspec.structs.asdict(job),
        "job_id": format_id(JOB_PREFIX, job.job_id),
        "organisation_id": _organisation(job),
        "priority": job.priority.name.lower(),
        "waiting_reason": job.waiting_reason,
    }


def _state(job: Job) -> Text:
    reason = "" if job.waiting_reason is None else f" ({job.waiting_reason})"
    return state_text(f"{job.state}{reason}", like=job.state)


def _organisation(job: Job) -> str | None:
    return None if job.organisation_id is None else format_id(ORGANISATION_PREFIX, job.organisation_id)


def _shortened(error: str | None) -> str | None:
    if error is None or len(error) <= ERROR_LENGTH_SHOWN_MAX:
        return error
    return f"{error[:ERROR_LENGTH_SHOWN_MAX]}…"


def _progress(job: Job) -> str | None:
    if job.progress_done is None:
        return job.progress_note
    counted = f"{job.progress_done:,}" + ("" if job.progress_total is None else f" of {job.progress_total:,}")
    return counted if job.progress_note is None else f"{counted}, {job.progress_note}"
