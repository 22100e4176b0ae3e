"""What a worker knows that it holds, which may differ from what the database says that it does."""

from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from typing import Protocol
from uuid import UUID

from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.leases import WorkerLease


class ReleaseUnknown(Protocol):
    """Releases the rows that a worker holds without knowing it."""

    async def __call__(self, connection: Connection, /, *, worker_id: UUID, known_ids: Collection[UUID]) -> None:
        """Do it in the caller's transaction."""
        ...


class LeasedIds:
    """The ids of the rows that a worker has claimed, and neither finished nor given back.

    Until a claim's commit is confirmed, the worker may hold rows that it doesn't know of. So every claim begins by
    releasing those, if the claim before it ended with an error, or if something was given back.
    """

    def __init__(self, database: Database, lease: WorkerLease, release_unknown: ReleaseUnknown) -> None:
        self._database = database
        self._lease = lease
        self._release_unknown = release_unknown
        self._known: set[UUID] = set()
        self._may_hold_more = False

    @property
    def worker_id(self) -> UUID:
        """The worker that holds them."""
        return self._lease.worker_id

    @asynccontextmanager
    async def claim(self) -> AsyncIterator[Connection]:
        """Begin a transaction to claim in; after its end, `add` the ids of what was claimed.

        Raises:
            LeaseLostError: others took this worker for dead.
        """
        may_hold_more, self._may_hold_more = self._may_hold_more, True
        async with self._database.transaction() as connection:
            await self._lease.guard(connection)
            if may_hold_more:
                await self._release_unknown(connection, worker_id=self.worker_id, known_ids=self._known)
            yield connection

    def add(self, claimed: Iterable[UUID]) -> None:
        """Add what a claim has brought, none included, once its commit is confirmed."""
        self._may_hold_more = False
        self._known.update(claimed)

    def give_back(self, ids: Iterable[UUID]) -> None:
        """Remove what wasn't begun, so that the next claim releases it; it can't fail."""
        self._known.difference_update(ids)
        self._may_hold_more = True

    def remove(self, ids: Iterable[UUID]) -> None:
        """Remove what the database has released already, since it is finished."""
        self._known.difference_update(ids)
