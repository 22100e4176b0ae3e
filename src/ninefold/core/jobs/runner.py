"""The task of a worker that runs jobs: claims what is due, runs each with its handler, and records what came of it.

    claim ──▶ slots ──▶ handler ──▶ recorder

A job takes up a slot until its outcome is recorded. Organisations share the slots, so that long jobs of one leave some
to the others.
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
from ninefold.core.jobs.attempts import make_attempt, refuse_payload
from ninefold.core.jobs.handlers import BoundHandler, JobRun
from ninefold.core.jobs.model import JOB_PREFIX, JOBS_CHANNEL, AttemptOutcome, ClaimedJob, Room
from ninefold.core.jobs.queue import JobQueue
from ninefold.core.jobs.recorder import JobRecorder
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue.claim_loop import repeat_claim
from ninefold.core.queue.fair_share import FairShare
from ninefold.core.queue.leases import WorkerLease
from ninefold.core.queue.notifier import Notifier

POLL_S: Final = 0.5
"""Between two claims when nobody notified; a notification is a hint, this is the certainty."""

CANCEL_POLL_S: Final = 1.0
"""Between two polls for jobs that are to be canceled. A handler that goes on until the next one is ended."""

STOP_GRACE_PERIOD_S: Final = 8.0
"""How long jobs may take to end when the worker stops; the others are given back, and run again elsewhere."""

CANCELLATION_GRACE_S: Final = 1.0
"""How long a handler may then take to put things in order."""

SLOTS_MULTIPLE: Final = 4.0
RESERVED_RATIO: Final = 1 / 6
"""Of the slots, an organisation alone gets four fifths of the other five sixths, two thirds."""

SLOTS_GUARANTEED: Final = 1
"""Slots that an organisation gets even if others have taken all but what is reserved."""

_NEWCOMER: Final = UUID(int=0)
"""A tenant that has no job running anywhere."""

log = structlog.get_logger(__name__)


class _Attempt:
    """An attempt that is under way."""

    __slots__ = ("_is_cancelled", "run", "task")

    def __init__(self, run: JobRun[Any], task: asyncio.Task[None]) -> None:
        self.run = run
        self.task = task
        self._is_cancelled = False

    def cancel(self) -> None:
        """End the handler where it waits; only once, since it may be putting things in order."""
        if not self._is_cancelled:
            self._is_cancelled = True
            self.task.cancel()


class JobRunner:
    """Runs jobs until it is told to stop.

    Args:
        database: where the jobs are; handlers have a pool of their own.
        lease: this worker's.
        notifier: tells when something was enqueued.
        handlers: one for each kind.
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
        self._recorder = JobRecorder(self._queue, on_recorded=self._free_slots)
        self._reserved = int(concurrency * RESERVED_RATIO)
        self._slots = FairShare(
            concurrency, multiple=SLOTS_MULTIPLE, reserved=self._reserved, guaranteed=SLOTS_GUARANTEED
        )
        self._attempts: dict[UUID, _Attempt] = {}
        self._slots_taken: Counter[UUID] = Counter()
        self._may_claim = notifier.subscribe(JOBS_CHANNEL)

    async def run(self, stopping: asyncio.Event) -> None:
        """Run jobs until `stopping` is set; then let those under way end, or give them back.

        Raises:
            LeaseLostError: others took this worker for dead.
        """
        async with asyncio.TaskGroup() as recording:
            recording.create_task(self._recorder.run())
            watching = recording.create_task(self._watch_cancellations())
            try:
                await repeat_claim(self._claim, name="jobs", notified=self._may_claim, poll_s=POLL_S, stopping=stopping)
                await self._let_end()
            finally:
                await self._end_all()
                watching.cancel()
                self._recorder.close()

    async def _claim(self) -> bool:
        """Claim what there is room for, and begin it; say whether there may be more at once."""
        room = self._room()
        if room.total == 0:
            return False
        jobs = await self._queue.claim(room)
        metrics.count_begun(jobs)
        for job in jobs:
            self._begin(job)
        return 0 < len(jobs) < room.total

    def _room(self) -> Room:
        # What is reserved is for those that have none, and only when nothing else is left.
        return Room(
            total=self._slots.free - self._reserved if self._slots.free > self._reserved else self._slots.free,
            of_newcomer=self._slots.room(_NEWCOMER),
            of_tenants={tenant_id: self._slots.room(tenant_id) for tenant_id in self._slots_taken},
        )

    def _begin(self, job: ClaimedJob) -> None:
        self._take_slot(job.tenant_id)
        handler = self._handlers[job.kind]
        try:
            payload = msgspec.json.decode(job.payload, type=handler.kind.payload)
        except msgspec.DecodeError as error:
            self._recorder.add(refuse_payload(job, error))
            return
        run = JobRun(job, payload, self._queue)
        task = asyncio.create_task(self._attempt(job, handler, run), name=f"{job.kind} {job.job_id}")
        self._attempts[job.job_id] = _Attempt(run, task)
        metrics.RUNNING.set(len(self._attempts))

    async def _attempt(self, job: ClaimedJob, handler: BoundHandler, run: JobRun[Any]) -> None:
        # The task has a context of its own, so these stand in the handler's log lines and in no others.
        structlog.contextvars.bind_contextvars(job_id=format_id(JOB_PREFIX, job.job_id), job_kind=job.kind)
        self._recorder.add(await make_attempt(job, handler, run))
        del self._attempts[job.job_id]
        metrics.RUNNING.set(len(self._attempts))

    def _take_slot(self, tenant_id: UUID) -> None:
        self._slots.take(tenant_id)
        self._slots_taken[tenant_id] += 1

    def _free_slots(self, outcomes: Sequence[AttemptOutcome]) -> None:
        for outcome in outcomes:
            self._slots.give_back(outcome.job.tenant_id)
        self._slots_taken -= Counter(outcome.job.tenant_id for outcome in outcomes)
        self._may_claim.set()

    async def _watch_cancellations(self) -> None:
        """Tell jobs that they are to be canceled; end those that go on until the next poll."""
        while True:
            await asyncio.sleep(CANCEL_POLL_S)
            if not self._attempts:
                continue
            try:
                requested = await self._queue.list_cancel_requested()
            except DatabaseUnavailableError as error:
                log.warning("jobs.cancellations.delayed", error=str(error))
                continue
            for attempt in [self._attempts[job_id] for job_id in requested & self._attempts.keys()]:
                if attempt.run.is_cancel_requested:
                    attempt.cancel()
                attempt.run.is_cancel_requested = True

    async def _let_end(self) -> None:
        """Wait for the jobs under way as long as the grace lasts."""
        for attempt in self._attempts.values():
            attempt.run.is_interrupted = True
        if self._attempts:
            await asyncio.wait([attempt.task for attempt in self._attempts.values()], timeout=STOP_GRACE_PERIOD_S)

    async def _end_all(self) -> None:
        """End the jobs that are still under way; each is given back."""
        tasks = [attempt.task for attempt in self._attempts.values()]
        for attempt in self._attempts.values():
            attempt.run.is_interrupted = True
            attempt.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CANCELLATION_GRACE_S)
