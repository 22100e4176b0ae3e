"""Durable jobs for tests: kinds of job, workers that run them in this process, and access to the table."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from ninefold.core.jobs import (
    JOBS_CHANNEL,
    Backoff,
    Job,
    JobHandler,
    JobKind,
    JobRun,
    JobRunner,
    JobState,
    enqueue,
    release_jobs,
)
from ninefold.core.jobs.model import ClaimedJob, FreeSlots
from ninefold.core.jobs.queue import JobQueue
from ninefold.core.jobs.service import get_job
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.leases import WorkerLease
from ninefold.core.queue.notifier import Notifier

FAST_BACKOFF = Backoff(first_s=0.01, max_s=0.01, jitter_ratio=0.0)


class Step(msgspec.Struct, frozen=True):
    """The payload of these tests' jobs."""

    number: int = 0


STEP = JobKind(name="test.step", payload=Step, attempts_max=3, backoff=FAST_BACKOFF)


class Jobs:
    """Adds jobs to the table, and reads them."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def add(self, payload: Step | None = None, *, kind: JobKind[Step] = STEP, **options: Any) -> UUID:
        """Enqueue a job, which is Ninefold's own unless an organisation is given."""
        (job_id,) = await self.add_many([payload or Step()], kind=kind, **options)
        return job_id

    async def add_many(
        self,
        payloads: Iterable[Step],
        *,
        kind: JobKind[Step] = STEP,
        organisation_id: UUID | None = None,
        **options: Any,
    ) -> list[UUID]:
        """Enqueue jobs in one transaction."""
        async with self.database.transaction() as connection:
            return [
                await enqueue(connection, kind, payload, organisation_id=organisation_id, **options)
                for payload in payloads
            ]

    async def get(self, job_id: UUID) -> Job:
        """Return a job as it is now."""
        async with self.database.connection() as connection:
            return await get_job(connection, job_id)

    async def states(self, kind: JobKind[Any] | None = None) -> list[JobState]:
        """Return the state of every job, or of those of a kind, in the order in which they were enqueued.

        Where a whole worker runs, Ninefold's own schedules enqueue jobs too.
        """
        query = "SELECT state FROM jobs.job WHERE $1::text IS NULL OR kind = $1 ORDER BY position"
        async with self.database.connection() as connection:
            records = await connection.fetch(query, None if kind is None else kind.name)
        return [JobState(record["state"]) for record in records]

    async def wait(self, job_id: UUID, state: JobState, *, timeout_s: float = 10.0) -> Job:
        """Wait until a job is in a state."""
        return await self.wait_until(job_id, lambda job: job.state is state, timeout_s=timeout_s)

    async def wait_until(self, job_id: UUID, condition: Callable[[Job], bool], *, timeout_s: float = 10.0) -> Job:
        """Wait until a condition is true of a job."""
        async with asyncio.timeout(timeout_s):
            while not condition(job := await self.get(job_id)):
                await asyncio.sleep(0.01)
            return job


class Claimer:
    """A worker's lease and its queue, without background tasks."""

    def __init__(self, database: Database, *, duration: timedelta = timedelta(minutes=1)) -> None:
        self.lease = WorkerLease(database, [release_jobs], duration=duration)
        self.queue = JobQueue(database, self.lease, kinds=[STEP.name])

    async def claim(self, *, limit: int = 10, slots: dict[UUID, int] | None = None) -> list[ClaimedJob]:
        """Claim jobs."""
        return await self.queue.claim(FreeSlots(total=limit, new_tenant=limit, by_tenant=slots or {}))

    async def claim_ids(self, *, limit: int = 10) -> list[UUID]:
        """Claim jobs, and return their ids."""
        return [job.job_id for job in await self.claim(limit=limit)]


async def new_claimer(database: Database, *, duration: timedelta = timedelta(minutes=1)) -> Claimer:
    """Return a claimer whose lease is registered."""
    claimer = Claimer(database, duration=duration)
    await claimer.lease.acquire()
    return claimer


@asynccontextmanager
async def running(
    database: Database, *handlers: JobHandler[Any, Any], context: object = None, concurrency: int = 10
) -> AsyncIterator[Notifier]:
    """Run the jobs of a worker during an `async with`. Handlers get the database unless a context is given."""
    lease, notifier = WorkerLease(database, [release_jobs]), Notifier(database)
    runner = JobRunner(
        database,
        lease,
        notifier,
        handlers=[handler.bind(context or database) for handler in handlers],
        concurrency=concurrency,
    )
    stopping, has_ended = asyncio.Event(), asyncio.Event()
    await lease.acquire()
    async with asyncio.TaskGroup() as group:
        group.create_task(lease.run(has_ended))
        group.create_task(notifier.run(has_ended))
        ending = group.create_task(runner.run(stopping))
        try:
            yield notifier
        finally:
            stopping.set()
            await ending
            has_ended.set()
    await lease.release()


def step(run: Callable[[JobRun[Step], Database], Any], *, kind: JobKind[Step] = STEP) -> JobHandler[Step, Database]:
    """Return a handler for a kind of job."""
    return JobHandler(kind, run)


async def release(database: Database, *dead: Claimer) -> None:
    """Declare workers dead, and release their jobs."""
    async with database.transaction() as connection:
        await release_jobs(connection, [claimer.lease.worker_id for claimer in dead])
        await _delete_leases(connection, dead)


async def _delete_leases(connection: Connection, dead: Iterable[Claimer]) -> None:
    ids = [claimer.lease.worker_id for claimer in dead]
    await connection.execute("DELETE FROM queue.worker WHERE worker_id = ANY($1)", ids)


__all__ = ["JOBS_CHANNEL", "STEP", "Claimer", "Jobs", "Step", "new_claimer", "release", "running", "step"]
