"""The ids of the rows that a worker knows it holds, which can differ from those it holds in the database."""

from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from typing import Protocol
from uuid import UUID

from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.leases import WorkerLease


class ReleaseUnknown(Protocol):
    """Releases the rows that a worker holds in the database but doesn't know of."""

    async def __call__(self, connection: Connection, /, *, worker_id: UUID, known_ids: Collection[UUID]) -> None:
        """Release every row of this worker except those with these ids, in the caller's transaction."""
        ...


class LeasedIds:
    """The ids of the rows that a worker has claimed and neither finished nor given back.

    If a claim's commit isn't confirmed, the worker may hold rows that it doesn't know of. So after a claim that failed,
    and after rows were given back, the next claim first releases every row that isn't known here.

    Args:
        database: where the rows are.
        lease: that of the worker.
        release_unknown: releases the rows that it doesn't know of.
        is_flushed: whether the commits of claims wait for the disk, see `WorkerLease.guard`.
    """

    def __init__(
        self, database: Database, lease: WorkerLease, release_unknown: ReleaseUnknown, *, is_flushed: bool = True
    ) -> None:
        self._is_flushed = is_flushed
        self._database = database
        self._lease = lease
        self._release_unknown = release_unknown
        self._known: set[UUID] = set()
        self._has_given_back = False
        self._is_claim_unconfirmed = False

    @property
    def worker_id(self) -> UUID:
        """The worker that holds the rows."""
        return self._lease.worker_id

    @property
    def may_hold_more(self) -> bool:
        """Whether the worker may hold rows that aren't known here, which the next claim releases."""
        return self._has_given_back or self._is_claim_unconfirmed

    @asynccontextmanager
    async def claim(self) -> AsyncIterator[Connection]:
        """Open a transaction to claim rows in. After it has committed, call `add` with their ids.

        Raises:
            LeaseLostError: this worker's lease has expired.
        """
        may_hold_more = self.may_hold_more
        # Rows that are given back while the claim is in progress are left for the next one.
        self._has_given_back, self._is_claim_unconfirmed = False, True
        async with self._database.transaction() as connection:
            await self._lease.guard(connection, is_flushed=self._is_flushed)
            if may_hold_more:
                await self._release_unknown(connection, worker_id=self.worker_id, known_ids=self._known)
            yield connection

    def add(self, claimed: Iterable[UUID]) -> None:
        """Add the ids of the rows that a committed claim returned. Call it also when there were none."""
        self._is_claim_unconfirmed = False
        self._known.update(claimed)

    def give_back(self, ids: Iterable[UUID]) -> None:
        """Remove rows that weren't processed. The next claim releases them in the database. It can't fail."""
        self._known.difference_update(ids)
        self._has_given_back = True

    def remove(self, ids: Iterable[UUID]) -> None:
        """Remove finished rows, which are already released in the database."""
        self._known.difference_update(ids)
