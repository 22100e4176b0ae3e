"""What a worker knows that it holds, beside what the database says that it does."""

from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from typing import Protocol
from uuid import UUID

from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.leases import WorkerLease


class ReleaseUnknown(Protocol):
    """Gives back what a worker holds, but for what it knows of."""

    async def __call__(self, connection: Connection, *, worker_id: UUID, known_ids: Collection[UUID]) -> None:
        """Do it in the caller's transaction."""
        ...


class LeasedIds:
    """The ids of what a worker has claimed and not let go of.

    Until a claim's commit is confirmed, the worker may hold what it knows nothing of. So every claim begins by giving
    that back, if the one before it ended with an error, or if something was handed back without being begun.
    """

    def __init__(self, database: Database, lease: WorkerLease, release_unknown: ReleaseUnknown) -> None:
        self._database = database
        self._lease = lease
        self._release_unknown = release_unknown
        self._known: set[UUID] = set()
        self._may_hold_more = False

    @asynccontextmanager
    async def claim(self) -> AsyncIterator[Connection]:
        """Begin a transaction to claim in; after its commit, tell `end_claim` what it has brought.

        Raises:
            LeaseLostError: others took this worker for dead.
        """
        may_hold_more, self._may_hold_more = self._may_hold_more, True
        async with self._database.transaction() as connection:
            await self._lease.guard(connection)
            if may_hold_more:
                await self._release_unknown(connection, worker_id=self._lease.worker_id, known_ids=self._known)
            yield connection

    def end_claim(self, claimed: Iterable[UUID]) -> None:
        """Take note of what a claim has brought, once its commit is confirmed."""
        self._may_hold_more = False
        self._known.update(claimed)

    def give_back(self, ids: Iterable[UUID]) -> None:
        """Forget what wasn't begun, so that the next claim gives it back; it can't fail."""
        self._known.difference_update(ids)
        self._may_hold_more = True

    def settle(self, ids: Iterable[UUID]) -> None:
        """Take note that the database knows these to be let go of."""
        self._known.difference_update(ids)
