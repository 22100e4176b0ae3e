"""One worker's view of the jobs table: it claims, saves and finishes jobs under its lease."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

from ninefold.core.jobs import store
from ninefold.core.jobs.errors import JobLostError
from ninefold.core.jobs.model import AttemptOutcome, ClaimedJob, EndedJob, FreeSlots, Progress, StopRequest
from ninefold.core.jobs.service import release_unknown_jobs, unblock_keys
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.claims import CLAIM_ORGANISATIONS_MAX, SCANS_MAX
from ninefold.core.queue.leased_ids import LeasedIds
from ninefold.core.queue.leases import WorkerLease

_BEFORE_ALL: Final = UUID(int=0)
"""Sorts before every tenant's id."""


class JobQueue:
    """Claims jobs for this worker, and writes their progress and outcomes.

    Args:
        database: has the jobs.
        lease: this worker's lease.
        kinds: the kinds that this worker can run; other workers run the others.
    """

    def __init__(self, database: Database, lease: WorkerLease, *, kinds: Sequence[str]) -> None:
        self._database = database
        self._worker_id = lease.worker_id
        self._leased_ids = LeasedIds(database, lease, release_unknown_jobs)
        self._kinds = kinds
        self._after = _BEFORE_ALL

    async def claim(self, slots: FreeSlots) -> list[ClaimedJob]:
        """Claim due jobs, a fair share for each tenant, starting where the last claim ended.

        Raises:
            LeaseLostError: this worker's lease expired.
        """
        cycle = _ScanCycle(self._after)
        for _ in range(SCANS_MAX):
            try:
                claim, marked_waiting = await self._scan(slots)
            except asyncpg.UniqueViolationError:
                # Another worker claimed a job with the same key at the same time. The next scan sees it.
                continue
            cycle.end_scan(self._after, marked_waiting=marked_waiting)
            if claim.jobs or (cycle.is_over and not cycle.marked_waiting):
                return claim.jobs
            if cycle.is_over:
                # Jobs that were hidden behind those that now wait for their key may be due.
                cycle = _ScanCycle(self._after)
        return []

    async def finish(self, outcomes: Sequence[AttemptOutcome]) -> list[EndedJob]:
        """Write the outcomes of attempts; return the jobs that this worker still held, with their new states."""
        async with self._database.transaction() as connection:
            ended = await store.job_finish(connection, worker_id=self._worker_id, outcomes=outcomes)
            await unblock_keys(connection, ended)
        self._leased_ids.remove(outcome.job.job_id for outcome in outcomes)
        return ended

    async def save(
        self, connection: Connection, job: ClaimedJob, *, progress: Progress, cursor: str | None = None
    ) -> StopRequest | None:
        """Write a job's progress in the caller's transaction; return whether it was asked to stop.

        Raises:
            JobLostError: this worker no longer holds the job; the transaction must not be committed.
        """
        saved = await store.job_save(
            connection,
            job_id=job.job_id,
            worker_id=self._worker_id,
            attempt=job.attempt_count,
            progress=progress,
            cursor=cursor,
        )
        if saved is None:
            raise JobLostError("This worker no longer holds the job, because its lease expired.")
        return saved.stop_request

    async def report(self, job: ClaimedJob, progress: Progress) -> StopRequest | None:
        """Write a job's progress and commit; return whether it was asked to stop.

        Raises:
            JobLostError: this worker no longer holds the job.
        """
        async with self._database.connection() as connection:
            return await self.save(connection, job, progress=progress)

    async def list_stop_requests(self) -> dict[UUID, StopRequest]:
        """Return this worker's jobs that were asked to stop, by their ids."""
        async with self._database.connection() as connection:
            return await store.job_list_stop_requests(connection, worker_id=self._worker_id)

    async def _scan(self, slots: FreeSlots) -> tuple[store.Claim, int]:
        """Scan the next tenants; return the claim, and how many jobs were marked as waiting for their key."""
        async with self._leased_ids.claim() as connection:
            claim = await store.job_claim(
                connection,
                worker_id=self._worker_id,
                kinds=self._kinds,
                slots=slots,
                after=self._after,
                tenants_max=CLAIM_ORGANISATIONS_MAX,
            )
            marked_waiting = (
                await store.job_mark_waiting(connection, keys=claim.blocked_keys) if claim.blocked_keys else 0
            )
        self._leased_ids.add(job.job_id for job in claim.jobs)
        self._after = claim.last_tenant_id or _BEFORE_ALL
        return claim, marked_waiting


class _ScanCycle:
    """The scans that together cover all cycle. They start after one of them and wrap around after the last."""

    def __init__(self, began_after: UUID) -> None:
        self.is_over = False
        self.marked_waiting = 0
        """Jobs that were marked as waiting for their key during these scans."""
        self._began_after = began_after
        self._has_wrapped = began_after == _BEFORE_ALL

    def end_scan(self, ended_at: UUID, *, marked_waiting: int) -> None:
        """Record a scan that ended with this tenant."""
        self.marked_waiting += marked_waiting
        if self._has_wrapped:
            self.is_over = ended_at == _BEFORE_ALL or ended_at >= self._began_after > _BEFORE_ALL
        self._has_wrapped = self._has_wrapped or ended_at == _BEFORE_ALL
