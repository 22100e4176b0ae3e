"""What happens with the jobs of a run: they begin, end, are lost or cancelled. Each locks the run first.

The caller's transaction is the unit: the outcome, what the planner decides about it, and the log are committed together
or not at all.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.errors import RunEndedError, RunNotFoundError, StaleLeaseError
from ninefold.systems.workflows.execution.report import JobResult
from ninefold.systems.workflows.model.runs import Run, RunEvent, RunJob
from ninefold.systems.workflows.planning import Outcome
from ninefold.systems.workflows.service.channels import Changed
from ninefold.systems.workflows.service.runs.background import advance_later
from ninefold.systems.workflows.service.runs.changing import CANCELED_OUTCOME, RunChange
from ninefold.systems.workflows.store import concurrency, run_jobs
from ninefold.systems.workflows.store import runs as store

LOST: Final = (
    "The runner was lost while the job ran. What it had done by then isn't known; run it again if that is safe."
)


async def job_started(connection: Connection, job: RunJob, runner_name: str, at: datetime) -> Changed:
    """Note that a runner has begun with a job that it has a lease for.

    Raises:
        StaleLeaseError: the lease isn't the job's, or the job has ended.
    """
    run = await _lock_run(connection, job.run_id)
    current = await _lock_job(connection, job.job_id, lease_number=job.lease_number)
    if current.status == "running":
        return Changed()
    change = RunChange(connection, run, at=at)
    await run_jobs.job_start(connection, job_id=job.job_id, runner_name=runner_name, at=at)
    data = {"key": current.key, "name": current.name, "status": "running", "why": "", "runner": runner_name}
    change.log(RunEvent(type="job_started", job_id=job.job_id, data=data))
    if run.status == "queued":
        change.set_status("running")
    return await change.save()


async def job_finished(
    connection: Connection, job_id: UUID, *, lease_number: int, result: JobResult, at: datetime, why: str = ""
) -> Changed:
    """Take the result of a job: plan what follows, and end the run if it was the last one.

    A result that comes twice with the same lease changes nothing the second time.

    Args:
        connection: in the caller's transaction.
        job_id: the job.
        lease_number: that of the runner that sends the result.
        result: how the job ended.
        at: when.
        why: for people, if it didn't succeed.

    Raises:
        StaleLeaseError: another runner has the job by now.
    """
    run = await _lock_run_of(connection, job_id)
    job = await run_jobs.job_lock(connection, job_id=job_id)
    if job is not None and job.is_ended and job.lease_number == lease_number:
        return Changed()
    if job is None or job.lease_number != lease_number or job.lease_expires_at is None:
        raise StaleLeaseError("Another runner has the job by now.", remedy="Stop the job.")
    change = await RunChange.plan(connection, run, at=at)
    outcome = Outcome(conclusion=result.conclusion, outputs=result.outputs)
    await change.end_job(job, outcome, why or _why(result))
    return await change.save()


async def job_lost(connection: Connection, job: RunJob, *, at: datetime) -> Changed:
    """Take that the runner of a job is lost.

    A job that had not begun is queued again. One that had begun has failed: it must not run twice silently.
    """
    run = await _lock_run(connection, job.run_id)
    current = await run_jobs.job_lock(connection, job_id=job.job_id)
    if current is None or current.lease_number != job.lease_number or current.lease_expires_at is None:
        return Changed()
    if current.status == "queued" and current.cancel_requested_at is None:
        change = RunChange(connection, run, at=at)
        await run_jobs.job_requeue(connection, job_id=job.job_id, priority=run.priority)
        change.queued(current)
        return await change.save()
    change = await RunChange.plan(connection, run, at=at)
    if current.status == "queued":
        await change.end_job(current, CANCELED_OUTCOME, "It was canceled before it began.")
    else:
        await change.end_job(current, Outcome(conclusion="failure"), LOST)
    return await change.save()


async def append(
    connection: Connection, run_id: UUID, attempt: int, events: Sequence[RunEvent], at: datetime
) -> Changed:
    """Append what a running job says to the log of its run.

    The data of a `summary` has `step`, `name` and `markdown`; the text is stored, and isn't in the log.
    """
    if not events:
        return Changed()
    run = await _lock_run(connection, run_id)
    change = RunChange(connection, run, at=at)
    if attempt != run.attempt:
        return Changed()
    for event in events:
        change.log(await _without_summary(connection, event))
    return await change.save()


async def cancel_run(connection: Connection, run_id: UUID, *, by: str, at: datetime, why: str | None = None) -> Changed:
    """Cancel a run: jobs that no runner has end at once, others are asked to, and those with `always()` still run.

    Raises:
        RunEndedError: the run has ended.
    """
    run = await _lock_run(connection, run_id)
    if run.is_ended:
        raise RunEndedError(f"The run has already ended: it is {run.status}.", remedy="Run it again if you need it.")
    if run.cancel_requested_at is not None:
        return Changed(run_ids=(run_id,))
    reason = why or f"It was canceled by {by}."
    if run.status == "waiting":
        change = RunChange(connection, run, at=at)
        change.set(cancel_requested_at=at)
        change.log(RunEvent(type="cancel_requested", data={"by": by, "why": reason}))
        change.set_status("canceled", reason)
        return await change.save()
    change = await RunChange.plan(connection, run, at=at)
    await change.cancel(reason, by=by)
    return await change.save()


async def cancel_entry(
    connection: Connection, *, run_id: UUID, attempt: int, job_key: str | None, why: str, at: datetime
) -> Changed:
    """Cancel a run, or one of its jobs, because of another one in its concurrency group; nothing if it has ended."""
    run = await store.run_lock(connection, run_id=run_id)
    if run is None or run.is_ended or run.attempt != attempt:
        return Changed()
    if job_key is None:
        return await cancel_run(connection, run_id, by="its concurrency group", at=at, why=why)
    change = await RunChange.plan(connection, run, at=at)
    await change.cancel_job(job_key, why)
    return await change.save()


async def advance_group(
    connection: Connection, *, organisation_id: UUID, repository_id: UUID, group_name: str, at: datetime
) -> Changed:
    """Let the next one be in a concurrency group, if the group is free. Call it in a transaction that has no locks.

    The run is locked before the group, as everywhere. So the next one is looked up, locked, and looked up again; if
    another one is next by then, a durable job tries again.
    """
    following = await concurrency.concurrency_entry_find_next(
        connection, repository_id=repository_id, group_name=group_name
    )
    run = None if following is None else await store.run_lock(connection, run_id=following.run_id)
    await concurrency.concurrency_group_lock(connection, repository_id=repository_id, name=group_name)
    entries = await concurrency.concurrency_entry_list(
        connection, repository_id=repository_id, group_name=group_name, limit=1
    )
    if not entries:
        await concurrency.concurrency_group_delete_unused(connection, repository_id=repository_id, name=group_name)
        return Changed()
    if entries[0].is_holder:
        return Changed()
    if run is not None and following == entries[0] and (changed := await _enter(connection, run, following, at)):
        return changed
    await advance_later(connection, organisation_id=organisation_id, repository_id=repository_id, group_name=group_name)
    return Changed(has_background=True)


async def _enter(connection: Connection, run: Run, entry: concurrency.GroupEntry, at: datetime) -> Changed | None:
    """Let a run or a job that has waited go on; None if it doesn't wait any more, and its entry is gone."""
    if run.is_ended or run.attempt != entry.attempt:
        await concurrency.concurrency_entry_delete_one(connection, entry_id=entry.entry_id)
        return None
    await concurrency.concurrency_entry_hold(connection, entry_id=entry.entry_id)
    if entry.job_key is None:
        change = await RunChange.plan(connection, run, at=at)
        change.set_status("queued", "")
        await change.begin(RunEvent(type="group_entered"))
        return await change.save()
    jobs = await run_jobs.job_lock_by_keys(connection, run, keys=[entry.job_key])
    if not jobs or jobs[0].status != "waiting":
        await concurrency.concurrency_entry_delete_one(connection, entry_id=entry.entry_id)
        return None
    if await run_jobs.job_find_planned(connection, job_id=jobs[0].job_id) is None:
        change = await RunChange.plan(connection, run, at=at)
        await change.enter(entry.job_key)
        return await change.save()
    change = RunChange(connection, run, at=at)
    await run_jobs.job_queue(connection, job_id=jobs[0].job_id, at=at)
    change.queued(jobs[0])
    return await change.save()


async def _lock_run(connection: Connection, run_id: UUID) -> Run:
    run = await store.run_lock(connection, run_id=run_id)
    if run is None:
        raise RunNotFoundError("There is no such run.")
    return run


async def _lock_run_of(connection: Connection, job_id: UUID) -> Run:
    run_id = await run_jobs.job_find_run(connection, job_id=job_id)
    if run_id is None:
        raise RunNotFoundError("There is no such job.")
    return await _lock_run(connection, run_id)


async def _lock_job(connection: Connection, job_id: UUID, *, lease_number: int) -> RunJob:
    job = await run_jobs.job_lock(connection, job_id=job_id)
    if job is None or job.is_ended or job.lease_number != lease_number or job.lease_expires_at is None:
        raise StaleLeaseError("Another runner has the job by now, or it has ended.", remedy="Stop the job.")
    return job


async def _without_summary(connection: Connection, event: RunEvent) -> RunEvent:
    if event.type != "summary" or event.job_id is None:
        return event
    data = dict(event.data)
    await run_jobs.step_summary_append(
        connection,
        job_id=event.job_id,
        step_number=data["step"],
        step_name=str(data.get("name", "")),
        markdown=str(data.pop("markdown", "")),
    )
    return msgspec.structs.replace(event, data=data)


def _why(result: JobResult) -> str:
    if result.conclusion == "timed_out":
        return "It took longer than its time limit."
    if result.conclusion == "cancelled":
        return "It was canceled."
    if result.conclusion == "success":
        return ""
    failed = [each.step.name for each in result.steps if each.conclusion == "failure"]
    return f"The step {failed[0]} failed." if failed else "It failed."
