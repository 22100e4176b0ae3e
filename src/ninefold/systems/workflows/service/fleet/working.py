"""What a runner does with a job that it has: it begins it, says what happens, and ends it.

Locks are taken in this order: the run, the job, the log.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from ninefold.core.errors import InvalidInputError
from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.core.secrets import Sealer
from ninefold.core.tenancy.model import ORGANISATION_PREFIX
from ninefold.core.tenancy.service import list_organisations
from ninefold.systems.workflows.errors import StaleLeaseError
from ninefold.systems.workflows.execution.report import JobResult
from ninefold.systems.workflows.model.fleet import Runner
from ninefold.systems.workflows.model.runs import JOB_PREFIX, RunJob
from ninefold.systems.workflows.service.channels import Changed, merge
from ninefold.systems.workflows.service.fleet.events import run_events
from ninefold.systems.workflows.service.fleet.job_facts import secrets_of, token_of
from ninefold.systems.workflows.service.fleet.logs import add_lines
from ninefold.systems.workflows.service.fleet.protocol import Assignment, Finish, Report, Start
from ninefold.systems.workflows.service.runs import transitions
from ninefold.systems.workflows.service.runs.orders import job_order
from ninefold.systems.workflows.store import job_logs, leases, run_jobs, runners
from ninefold.systems.workflows.store.leases import Lease

_LOST: Final = "This runner doesn't have the job any more."
_REMEDY: Final = "Stop the job at once, and claim others."


class WorkRules(msgspec.Struct, frozen=True, kw_only=True):
    """What is the same for all jobs."""

    lease: timedelta
    log_bytes_max: int
    sealer: Sealer
    """Opens secrets."""
    server_url: str | None = None
    """Where jobs reach the server, by a name that official actions accept; None for where the runner does."""


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a start: an assignment, or None if the job has ended at once because it can't be run."""

    assignment: Assignment | None
    changes: Changed


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a report."""

    is_cancel_requested: bool
    changes: Changed
    has_lines: bool


async def start_job(
    connection: Connection, runner: Runner, lease: Lease, data: Start, *, rules: WorkRules, at: datetime
) -> Begun:
    """Begin a job, or return its assignment again.

    Raises:
        StaleLeaseError: the runner doesn't have the job, or it has ended.
    """
    require_lease(lease, runner, data.lease_number)
    job = await _read_job(connection, lease)
    changes = await transitions.job_started(connection, job, runner.name, at)
    await _renew(connection, runner, lease, rules=rules)
    await job_logs.job_log_begin(
        connection, job_id=lease.job_id, organisation_id=lease.organisation_id, lease_number=lease.lease_number
    )
    await runners.runner_use(connection, runner_id=runner.runner_id)
    try:
        token = await token_of(connection, job, at=at)
        order = await job_order(
            connection,
            job,
            token=token,
            secrets=await secrets_of(connection, rules.sealer, job),
            server_url=rules.server_url,
        )
    except InvalidInputError as error:
        ended = await _end(
            connection, lease, JobResult(conclusion="failure", outputs={}, steps=()), why=str(error), at=at
        )
        return Begun(assignment=None, changes=merge([changes, ended]))
    share = await runners.share_ensure(connection, organisation_id=lease.organisation_id)
    assignment = Assignment(
        job_id=format_id(JOB_PREFIX, lease.job_id),
        lease_number=lease.lease_number,
        lease_s=rules.lease.total_seconds(),
        organisation_id=format_id(ORGANISATION_PREFIX, lease.organisation_id),
        uid_number=share.uid_number,
        is_trusted=not order.is_from_fork and await _is_own(connection, runner),
        is_from_fork=order.is_from_fork,
        results_token=token,
        server_url=rules.server_url,
        order=order,
    )
    return Begun(assignment=assignment, changes=changes)


async def _is_own(connection: Connection, runner: Runner) -> bool:
    """Return whether nobody but the organisation of the job has something on the runner's machine."""
    return runner.organisation_id is not None or len(await list_organisations(connection)) == 1


async def report_job(
    connection: Connection, runner: Runner, lease: Lease, data: Report, *, rules: WorkRules, at: datetime
) -> Reported:
    """Take a batch of what a job says, once, and renew its lease.

    Raises:
        StaleLeaseError: the runner doesn't have the job.
    """
    require_lease(lease, runner, data.lease_number)
    known = await job_logs.job_log_find(connection, job_id=lease.job_id)
    is_new = known is not None and data.batch > known.last_batch
    changes = Changed()
    if is_new and data.messages:
        job = await _read_job(connection, lease)
        events = run_events(job, data.messages)
        changes = await transitions.append(connection, lease.run_id, job.attempt, events, at)
    renewed = await _renew(connection, runner, lease, rules=rules)
    if is_new:
        log = await job_logs.job_log_lock(connection, job_id=lease.job_id)
        if log is None or log.lease_number != data.lease_number or log.last_batch != data.batch - 1:
            # The same batch is being taken at this moment, or batches are missing.
            raise StaleLeaseError(f"Batch {data.batch} doesn't follow the last one.", remedy=_REMEDY)
        await add_lines(connection, log, data.lines, batch=data.batch, size_max=rules.log_bytes_max)
    return Reported(
        is_cancel_requested=renewed.cancel_requested_at is not None,
        changes=changes,
        has_lines=is_new and bool(data.lines),
    )


async def finish_job(connection: Connection, runner: Runner, lease: Lease, data: Finish, *, at: datetime) -> Changed:
    """End a job, once.

    Raises:
        StaleLeaseError: the runner doesn't have the job.
    """
    log = await job_logs.job_log_find(connection, job_id=lease.job_id)
    if log is not None and log.finished_lease == data.lease_number == lease.lease_number:
        return Changed()
    require_lease(lease, runner, data.lease_number)
    return await _end(connection, lease, data.result, why=None, at=at)


async def lose_job(connection: Connection, lease: Lease, *, at: datetime) -> Changed:
    """Note that the runner of a job is lost."""
    job = await _read_job(connection, lease)
    changes = await transitions.job_lost(connection, job, at=at)
    if lease.status == "running":
        await job_logs.job_log_end(connection, job_id=lease.job_id, finished_lease=None)
    return changes


def silence_of(lease: timedelta) -> timedelta:
    """Return how long no server may be seen before runners get a whole lease to come back."""
    return lease / 2


def require_lease(lease: Lease, runner: Runner, lease_number: int) -> None:
    """Check that a runner has a job.

    Raises:
        StaleLeaseError: it doesn't.
    """
    is_current = (
        lease.runner_id == runner.runner_id
        and lease.lease_number == lease_number
        and lease.lease_expires_at is not None
    )
    if not is_current:
        raise StaleLeaseError(_LOST, remedy=_REMEDY)


async def _end(connection: Connection, lease: Lease, result: JobResult, *, why: str | None, at: datetime) -> Changed:
    changes = await transitions.job_finished(
        connection, lease.job_id, lease_number=lease.lease_number, result=result, at=at, why=why or ""
    )
    await job_logs.job_log_end(connection, job_id=lease.job_id, finished_lease=lease.lease_number)
    return changes


async def _renew(connection: Connection, runner: Runner, lease: Lease, *, rules: WorkRules) -> Lease:
    """Renew a lease, which locks the job."""
    renewed = await leases.lease_renew(
        connection,
        job_id=lease.job_id,
        runner_id=runner.runner_id,
        lease_number=lease.lease_number,
        lease=rules.lease,
    )
    if renewed is None:
        raise StaleLeaseError(_LOST, remedy=_REMEDY)
    return renewed


async def _read_job(connection: Connection, lease: Lease) -> RunJob:
    job = await run_jobs.job_find(connection, organisation_id=lease.organisation_id, job_id=lease.job_id)
    if job is None:
        raise StaleLeaseError("There is no such job.", remedy=_REMEDY)
    return job
