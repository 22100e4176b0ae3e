"""The worker task that runs jobs: it claims due jobs, calls their handlers, and records the outcomes.

    claim ──▶ slots ──▶ handler ──▶ recorder

A job occupies a slot until its outcome is recorded. Organisations share the slots, so that long jobs of one can't use
all of them.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog

from ninefold.core.ids import format_id
from ninefold.core.jobs import metrics
from ninefold.core.jobs.attempts import reject_payload, run_attempt
from ninefold.core.jobs.handlers import BoundHandler, JobRun
from ninefold.core.jobs.model import JOB_PREFIX, JOBS_CHANNEL, AttemptOutcome, ClaimedJob, FreeSlots
from ninefold.core.jobs.queue import JobQueue
from ninefold.core.jobs.recorder import JobRecorder
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue.claim_loop import repeat_claim
from ninefold.core.queue.fair_share import FairShare
from ninefold.core.queue.leases import WorkerLease
from ninefold.core.queue.notifier import Notifier

POLL_S: Final = 0.5
"""The interval between two claims without a notification. Notifications can be lost, so polling is needed too."""

STOP_REQUEST_POLL_S: Final = 1.0
"""The interval between two polls for requests to stop. A handler that hasn't stopped by the next poll is cancelled."""

STOP_GRACE_PERIOD_S: Final = 8.0
"""How long running jobs can continue when the worker stops. Those that don't end in time are released."""

CANCELLATION_GRACE_S: Final = 1.0
"""How long a handler can then take to clean up."""

SLOTS_MULTIPLE: Final = 4.0
RESERVED_RATIO: Final = 1 / 6
"""One organisation alone gets 4/5 of the 5/6 that aren't reserved: two thirds of the slots."""

SLOTS_GUARANTEED: Final = 1
"""Slots that each organisation can use even if only the reserved ones are free."""

_NEW_TENANT: Final = UUID(int=0)
"""Represents any tenant without running jobs."""

log = structlog.get_logger(__name__)


class _Attempt:
    """A running attempt."""

    __slots__ = ("_is_cancelled", "run", "task")

    def __init__(self, run: JobRun[Any], task: asyncio.Task[None]) -> None:
        self.run = run
        self.task = task
        self._is_cancelled = False

    def cancel(self) -> None:
        """Cancel the handler's task, but only once, because the handler may be cleaning up."""
        if not self._is_cancelled:
            self._is_cancelled = True
            self.task.cancel()


class JobRunner:
    """Runs jobs until the worker stops.

    Args:
        database: has the jobs; handlers use a separate connection pool.
        lease: this worker's lease.
        notifier: notifies when a job was enqueued.
        handlers: one for each kind of job.
        concurrency: how many jobs run at once.
    """

    name = "jobs.run"

    def __init__(
        self,
        database: Database,
        lease: WorkerLease,
        notifier: Notifier,
        *,
        handlers: Sequence[BoundHandler],
        concurrency: int,
    ) -> None:
        self._handlers = {handler.kind.name: handler for handler in handlers}
        if len(self._handlers) != len(handlers):
            raise ValueError("Two handlers are for the same kind of job.")
        self._queue = JobQueue(database, lease, kinds=list(self._handlers))
        self._recorder = JobRecorder(self._queue, on_recorded=self._release_slots)
        self._reserved = int(concurrency * RESERVED_RATIO)
        self._slots = FairShare(
            concurrency, multiple=SLOTS_MULTIPLE, reserved=self._reserved, guaranteed=SLOTS_GUARANTEED
        )
        self._attempts: dict[UUID, _Attempt] = {}
        self._slots_taken: Counter[UUID] = Counter()
        self._should_claim = notifier.subscribe(JOBS_CHANNEL)

    async def run(self, stopping: asyncio.Event) -> None:
        """Run jobs until `stopping` is set; then wait for the running ones, or release them.

        Raises:
            LeaseLostError: this worker's lease expired.
        """
        async with asyncio.TaskGroup() as recording:
            recording.create_task(self._recorder.run())
            watching = recording.create_task(self._poll_stop_requests())
            try:
                await repeat_claim(
                    self._claim, name="jobs", notified=self._should_claim, poll_s=POLL_S, stopping=stopping
                )
                await self._wait_for_attempts()
            finally:
                await self._cancel_attempts()
                watching.cancel()
                self._recorder.close()

    async def _claim(self) -> bool:
        """Claim as many jobs as there are free slots, and start them; return whether more may be due."""
        slots = self._free_slots()
        if slots.total == 0:
            return False
        jobs = await self._queue.claim(slots)
        metrics.observe_waits(jobs)
        for job in jobs:
            self._start(job)
        return 0 < len(jobs) < slots.total

    def _free_slots(self) -> FreeSlots:
        # The reserved slots are used only if no others are free, and only by tenants without running jobs.
        return FreeSlots(
            total=self._slots.free - self._reserved if self._slots.free > self._reserved else self._slots.free,
            new_tenant=self._slots.room(_NEW_TENANT),
            by_tenant={tenant_id: self._slots.room(tenant_id) for tenant_id in self._slots_taken},
        )

    def _start(self, job: ClaimedJob) -> None:
        self._take_slot(job.tenant_id)
        handler = self._handlers[job.kind]
        try:
            payload = msgspec.json.decode(job.payload, type=handler.kind.payload)
        except msgspec.DecodeError as error:
            self._recorder.add(reject_payload(job, error))
            return
        run = JobRun(job, payload, self._queue)
        task = asyncio.create_task(self._attempt(job, handler, run), name=f"{job.kind} {job.job_id}")
        self._attempts[job.job_id] = _Attempt(run, task)
        metrics.RUNNING.set(len(self._attempts))

    async def _attempt(self, job: ClaimedJob, handler: BoundHandler, run: JobRun[Any]) -> None:
        # Each task has its own context, so these fields appear only in the handler's log lines.
        structlog.contextvars.bind_contextvars(job_id=format_id(JOB_PREFIX, job.job_id), job_kind=job.kind)
        self._recorder.add(await run_attempt(job, handler, run))
        del self._attempts[job.job_id]
        metrics.RUNNING.set(len(self._attempts))

    def _take_slot(self, tenant_id: UUID) -> None:
        self._slots.take(tenant_id)
        self._slots_taken[tenant_id] += 1

    def _release_slots(self, outcomes: Sequence[AttemptOutcome]) -> None:
        for outcome in outcomes:
            self._slots.give_back(outcome.job.tenant_id)
        self._slots_taken -= Counter(outcome.job.tenant_id for outcome in outcomes)
        self._should_claim.set()

    async def _poll_stop_requests(self) -> None:
        """Notify jobs that were canceled or paused; cancel the tasks of those that still run at the next poll."""
        while True:
            await asyncio.sleep(STOP_REQUEST_POLL_S)
            if not self._attempts:
                continue
            try:
                requests = await self._queue.list_stop_requests()
            except DatabaseUnavailableError as error:
                log.warning("jobs.stop_requests.delayed", error=str(error))
                continue
            for job_id in requests.keys() & self._attempts.keys():
                attempt = self._attempts[job_id]
                if attempt.run.stop_request is not None:
                    attempt.cancel()
                attempt.run.stop_request = requests[job_id]

    async def _wait_for_attempts(self) -> None:
        """Ask running jobs to stop, and wait for them during the grace period."""
        for attempt in self._attempts.values():
            attempt.run.is_interrupted = True
        if self._attempts:
            await asyncio.wait([attempt.task for attempt in self._attempts.values()], timeout=STOP_GRACE_PERIOD_S)

    async def _cancel_attempts(self) -> None:
        """Cancel the jobs that are still running; they are released."""
        tasks = [attempt.task for attempt in self._attempts.values()]
        for attempt in self._attempts.values():
            attempt.run.is_interrupted = True
            attempt.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CANCELLATION_GRACE_S)
