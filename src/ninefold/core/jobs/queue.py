"""What one worker process does with the table of jobs: claim, save, finish. Its lease guards each."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

from ninefold.core.jobs import store
from ninefold.core.jobs.errors import JobLostError
from ninefold.core.jobs.model import AttemptOutcome, ClaimedJob, EndedJob, Progress, Room
from ninefold.core.jobs.service import free_keys, release_unknown_jobs
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.claims import CLAIM_ORGANISATIONS_MAX, SCANS_MAX
from ninefold.core.queue.leased_ids import LeasedIds
from ninefold.core.queue.leases import WorkerLease

_FIRST: Final = UUID(int=0)
"""After which every tenant comes."""


class JobQueue:
    """The jobs that this worker claims, and what it writes of them.

    Args:
        database: where they are.
        lease: this worker's.
        kinds: the kinds that it can run; others are left to workers of another version.
    """

    def __init__(self, database: Database, lease: WorkerLease, *, kinds: Sequence[str]) -> None:
        self._database = database
        self._worker_id = lease.worker_id
        self._leased_ids = LeasedIds(database, lease, release_unknown_jobs)
        self._kinds = kinds
        self._after = _FIRST

    async def claim(self, room: Room) -> list[ClaimedJob]:
        """Take jobs that are due, a fair share for each tenant, beginning where the last claim ended.

        Raises:
            LeaseLostError: others took this worker for dead.
        """
        tenants = _RoundOfTenants(self._after)
        for _ in range(SCANS_MAX):
            try:
                claim, set_aside = await self._scan(room)
            except asyncpg.UniqueViolationError:
                # Another worker has begun a job of the same key at this very moment: now it is seen.
                continue
            tenants.end_scan(self._after, set_aside=set_aside)
            if claim.jobs or (tenants.is_over and not tenants.set_aside):
                return claim.jobs
            if tenants.is_over:
                # Behind what was set aside, there may be something to take.
                tenants = _RoundOfTenants(self._after)
        return []

    async def finish(self, outcomes: Sequence[AttemptOutcome]) -> list[EndedJob]:
        """Write what came of attempts; return the jobs that were still this worker's, with their new states."""
        async with self._database.transaction() as connection:
            ended = await store.job_finish(connection, worker_id=self._worker_id, outcomes=outcomes)
            await free_keys(connection, ended)
        self._leased_ids.remove(outcome.job.job_id for outcome in outcomes)
        return ended

    async def save(
        self, connection: Connection, job: ClaimedJob, *, progress: Progress, cursor: str | None = None
    ) -> bool:
        """Write how far a job is, in the caller's transaction; say whether it is to be canceled.

        Raises:
            JobLostError: others have the job; what the transaction did may not be committed.
        """
        is_cancel_requested = await store.job_save(
            connection,
            job_id=job.job_id,
            worker_id=self._worker_id,
            attempt=job.attempt_count,
            progress=progress,
            cursor=cursor,
        )
        if is_cancel_requested is None:
            raise JobLostError("Another worker has this job; this one was silent for too long.")
        return is_cancel_requested

    async def report(self, job: ClaimedJob, progress: Progress) -> bool:
        """Write how far a job is, and commit it; say whether it is to be canceled.

        Raises:
            JobLostError: others have the job.
        """
        async with self._database.connection() as connection:
            return await self.save(connection, job, progress=progress)

    async def list_cancel_requested(self) -> set[UUID]:
        """Return the ids of the jobs here that are to be canceled."""
        async with self._database.connection() as connection:
            return await store.job_list_cancel_requested(connection, worker_id=self._worker_id)

    async def _scan(self, room: Room) -> tuple[store.Claim, int]:
        """Scan the next tenants; return what was claimed, and how many jobs were set aside."""
        async with self._leased_ids.claim() as connection:
            claim = await store.job_claim(
                connection,
                worker_id=self._worker_id,
                kinds=self._kinds,
                room=room,
                after=self._after,
                tenants_max=CLAIM_ORGANISATIONS_MAX,
            )
            set_aside = await store.job_set_aside(connection, keys=claim.blocked_keys) if claim.blocked_keys else 0
        self._leased_ids.add(job.job_id for job in claim.jobs)
        self._after = claim.last_tenant_id or _FIRST
        return claim, set_aside


class _RoundOfTenants:
    """The scans that cover all tenants, starting after one of them; after the last tenant comes the first."""

    def __init__(self, began_after: UUID) -> None:
        self.is_over = False
        self.set_aside = 0
        """Jobs that wait for their key since it started."""
        self._began_after = began_after
        self._has_wrapped = began_after == _FIRST

    def end_scan(self, ended_at: UUID, *, set_aside: int) -> None:
        """Record a scan that ended with this tenant."""
        self.set_aside += set_aside
        if self._has_wrapped:
            self.is_over = ended_at == _FIRST or ended_at >= self._began_after > _FIRST
        self._has_wrapped = self._has_wrapped or ended_at == _FIRST
