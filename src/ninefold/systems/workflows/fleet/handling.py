"""What the surface of runners does with each message: one transaction, then notifications."""

from datetime import UTC, datetime
from uuid import UUID

from ninefold.core.ids import InvalidIdError, format_id, parse_id
from ninefold.core.live.feeds import LIVE_CHANNEL
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.workflows.errors import StaleLeaseError
from ninefold.systems.workflows.fleet.dispatcher import Dispatcher
from ninefold.systems.workflows.model.fleet import RUNNER_PREFIX, Runner
from ninefold.systems.workflows.model.runs import JOB_PREFIX
from ninefold.systems.workflows.service.channels import JOBS_QUEUED, Changed, notify_changed
from ninefold.systems.workflows.service.fleet import working
from ninefold.systems.workflows.service.fleet.logs import log_channel
from ninefold.systems.workflows.service.fleet.metrics import ENDED, LOST
from ninefold.systems.workflows.service.fleet.protocol import (
    Assignment,
    Claim,
    ClaimAnswer,
    ClaimedJob,
    Finish,
    Leave,
    Register,
    Registered,
    Report,
    ReportAnswer,
    Start,
)
from ninefold.systems.workflows.service.fleet.runners import SEEN_RESOLUTION, drain_runner, register_runner
from ninefold.systems.workflows.service.fleet.working import WorkRules
from ninefold.systems.workflows.store import leases
from ninefold.systems.workflows.store import runners as runner_store
from ninefold.systems.workflows.store.leases import Lease
from ninefold.systems.workflows.store.runners import Registration


class FleetHandler:
    """Takes the messages of runners.

    Args:
        database: where everything is.
        notifier: tells others what has changed.
        dispatcher: hands out jobs.
        rules: what is the same for all jobs.
    """

    def __init__(self, database: Database, notifier: Notifier, dispatcher: Dispatcher, rules: WorkRules) -> None:
        self._database = database
        self._notifier = notifier
        self._dispatcher = dispatcher
        self._rules = rules

    async def register(self, registration: Registration, data: Register) -> Registered:
        """Add a runner."""
        async with self._database.transaction() as connection:
            runner, token = await register_runner(connection, registration, data)
        return Registered(runner_id=format_id(RUNNER_PREFIX, runner.runner_id), token=token, labels=runner.labels)

    async def claim(self, runner: Runner, data: Claim) -> ClaimAnswer:
        """Return jobs for a runner: those that it was given and doesn't know of, else new ones."""
        holding = {_job_id(text) for text in data.holding}
        async with self._database.connection() as connection:
            await runner_store.runner_see(connection, runner_id=runner.runner_id, resolution=SEEN_RESOLUTION)
            held = await leases.lease_list_of_runner(connection, runner_id=runner.runner_id)
        unknown = [lease for lease in held if lease.job_id not in holding]
        again = [job for lease in unknown if (job := await self._give_again(runner, lease)) is not None]
        is_used = runner.is_ephemeral and (runner.used_at is not None or bool(held))
        is_draining = runner.draining_since is not None or is_used
        slots = min(data.slots, runner.jobs_max - len(held))
        if again or is_draining or slots <= 0:
            return ClaimAnswer(jobs=again, is_draining=is_draining)
        claimed = await self._dispatcher.claim(runner, slots=slots, wait_s=data.wait_s)
        return ClaimAnswer(jobs=[_show(each.job_id, each.lease_number) for each in claimed], is_draining=False)

    async def start(self, runner: Runner, job_id: UUID, data: Start) -> Assignment | None:
        """Begin a job; None if it can't be run, and has ended."""
        async with self._database.transaction() as connection:
            lease = await _find_lease(connection, job_id)
            begun = await working.start_job(connection, runner, lease, data, rules=self._rules, at=datetime.now(UTC))
        self._tell(begun.changes)
        return begun.assignment

    async def report(self, runner: Runner, job_id: UUID, data: Report) -> ReportAnswer:
        """Take what a job says."""
        async with self._database.transaction() as connection:
            await runner_store.runner_see(connection, runner_id=runner.runner_id, resolution=SEEN_RESOLUTION)
            lease = await _find_lease(connection, job_id)
            done = await working.report_job(connection, runner, lease, data, rules=self._rules, at=datetime.now(UTC))
        self._tell(done.changes, *([log_channel(job_id)] if done.has_lines else []))
        return ReportAnswer(is_cancel_requested=done.is_cancel_requested)

    async def finish(self, runner: Runner, job_id: UUID, data: Finish) -> None:
        """End a job."""
        async with self._database.transaction() as connection:
            lease = await _find_lease(connection, job_id)
            changes = await working.finish_job(connection, runner, lease, data, at=datetime.now(UTC))
        ENDED.labels(data.result.conclusion).inc()
        self._tell(changes, organisation_id=lease.organisation_id)

    async def drain(self, runner: Runner) -> None:
        """Give a runner no further jobs."""
        async with self._database.transaction() as connection:
            await drain_runner(connection, runner)

    async def leave(self, runner: Runner, data: Leave) -> None:
        """Take back the jobs of a runner that stops, and remove it if it doesn't come back."""
        async with self._database.connection() as connection:
            held = await leases.lease_list_of_runner(connection, runner_id=runner.runner_id)
        for lease in held:
            await self._lose(lease)
        if data.is_removed:
            async with self._database.transaction() as connection:
                await runner_store.runner_delete(connection, runner_id=runner.runner_id)

    async def _give_again(self, runner: Runner, lease: Lease) -> ClaimedJob | None:
        """Return a job that a runner has and doesn't know of: the answer was lost, or the runner was restarted."""
        if lease.status != "queued":
            await self._lose(lease)
            return None
        async with self._database.connection() as connection:
            renewed = await leases.lease_renew(
                connection,
                job_id=lease.job_id,
                runner_id=runner.runner_id,
                lease_number=lease.lease_number,
                lease=self._rules.lease,
            )
        return None if renewed is None else _show(lease.job_id, lease.lease_number)

    async def _lose(self, lease: Lease) -> None:
        async with self._database.transaction() as connection:
            changes = await working.lose_job(connection, lease, at=datetime.now(UTC))
        LOST.inc()
        self._tell(changes, organisation_id=lease.organisation_id)

    def _tell(self, changes: Changed, *channels: str, organisation_id: UUID | None = None) -> None:
        """Tell others what has changed; with an organisation, that it may have room for another job."""
        notify_changed(self._notifier, changes)
        if channels:
            self._notifier.notify(LIVE_CHANNEL, *channels)
        if organisation_id is not None and organisation_id not in changes.queued_for:
            self._notifier.notify(JOBS_QUEUED, str(organisation_id))


async def _find_lease(connection: Connection, job_id: UUID) -> Lease:
    lease = await leases.lease_find(connection, job_id=job_id)
    if lease is None:
        raise StaleLeaseError("There is no such job.", remedy="Stop it at once, and claim others.")
    return lease


def _show(job_id: UUID, lease_number: int) -> ClaimedJob:
    return ClaimedJob(job_id=format_id(JOB_PREFIX, job_id), lease_number=lease_number)


def _job_id(text: str) -> UUID | None:
    try:
        return parse_id(JOB_PREFIX, text)
    except InvalidIdError:
        return None
