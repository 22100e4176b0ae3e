"""Leases: a worker process holds rows as long as it sends heartbeats.

A worker inserts one row into `queue.worker` and extends its lease with each heartbeat. The rows that it claims have its
id in `leased_by`. So a claim costs one write, and holding a thousand rows costs no more than holding one. When the
heartbeats stop and the lease expires, any other worker ends its database sessions, so that a suspended worker or
a failed machine holds no locks. Then it deletes its row and releases what it held, in one transaction.

A worker gets a new id at each start, and ids are never reused. The id is therefore a fencing token: after the lease has
expired, the worker's writes match no rows.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final, TypeAlias
from uuid import UUID

import structlog

from ninefold.core.errors import NinefoldError
from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue import store
from ninefold.core.waiting import wait_for_any

LEASE_DURATION: Final = timedelta(seconds=5)
"""A worker without a heartbeat for longer is considered dead. It can miss four heartbeats."""

HEARTBEAT_INTERVAL_S: Final = 1.0

Releaser: TypeAlias = Callable[[Connection, Sequence[UUID]], Awaitable[None]]
"""Releases every row that these workers hold, in the caller's transaction."""

log = structlog.get_logger(__name__)


class LeaseLostError(NinefoldError):
    """This worker's lease has expired, and other workers may have its rows. The process must exit; restart it."""

    code = "lease_lost"
    title = "Lease lost"


def session_name(worker_id: UUID) -> str:
    """Return the `application_name` that each database session of a worker must have.

    The sessions of a worker whose lease has expired are found by it.
    """
    return f"ninefold worker {worker_id}"


class WorkerLease:
    """This process's lease on the rows that it claims.

    Args:
        database: where leases are stored.
        releasers: one per system that has `leased_by` columns.
        worker_id: a new id; the worker's other sessions have it in their name, see `session_name`.
        duration: how long the lease lasts after each heartbeat.
        heartbeat_interval_s: seconds between heartbeats, and between checks for expired workers.
    """

    def __init__(
        self,
        database: Database,
        releasers: Sequence[Releaser],
        *,
        worker_id: UUID | None = None,
        duration: timedelta = LEASE_DURATION,
        heartbeat_interval_s: float = HEARTBEAT_INTERVAL_S,
    ) -> None:
        self.worker_id: Final = worker_id or new_id()
        self._database = database
        self._releasers = releasers
        self._duration = duration
        self._heartbeat_interval_s = heartbeat_interval_s

    async def acquire(self) -> None:
        """Register this worker. From then on, keep `run` running; call `release` at the end."""
        async with self._database.connection() as connection:
            await store.worker_insert(
                connection,
                worker_id=self.worker_id,
                host=socket.gethostname(),
                pid=os.getpid(),
                duration=self._duration,
            )

    async def guard(self, connection: Connection, *, is_flushed: bool = True) -> None:
        """Lock this worker's lease, so that no other worker can expire it before the transaction ends.

        Every claim starts with this. Otherwise another worker could expire the lease during the claim, and nobody would
        release the rows claimed.

        Args:
            connection: in the transaction of the claim.
            is_flushed: whether its commit waits for the disk. It needn't if it only claims: if PostgreSQL crashes
                before it has written the claim, the rows are claimed again.

        Raises:
            LeaseLostError: this worker's lease has already expired.
        """
        lock = store.worker_lock_shared if is_flushed else store.worker_lock_shared_unflushed
        if not await lock(connection, worker_id=self.worker_id):
            raise self._lease_lost()

    async def run(self, stopping: asyncio.Event) -> None:
        """Send heartbeats, and release the rows of expired workers, until `stopping` is set.

        It keeps trying while the database is unavailable: if no worker can reach it, none can expire this one.

        Raises:
            LeaseLostError: this worker's lease has expired.
        """
        while not stopping.is_set():
            try:
                await self._send_heartbeat()
                await self.reap()
            except DatabaseUnavailableError as error:
                log.warning("queue.heartbeat.failed", error=str(error))
            await wait_for_any(stopping, timeout_s=self._heartbeat_interval_s)

    async def reap(self) -> list[UUID]:
        """End the sessions of the workers whose lease has expired, delete the workers, and release their rows.

        A session takes a moment to end. A worker whose row is still locked is left for the next call.

        Returns:
            The ids of the deleted workers.
        """
        async with self._database.connection() as connection:
            expired = await store.worker_list_expired(connection)
            if not expired:
                return []
            names = [session_name(worker_id) for worker_id in expired if worker_id != self.worker_id]
            await store.session_terminate(connection, names=names)
        async with self._database.transaction() as connection:
            expired = await store.worker_delete_expired(connection)
            if expired:
                await self._release_rows(connection, expired)
        for worker_id in expired:
            log.warning("queue.worker.expired", worker_id=str(worker_id))
        return expired

    async def release(self) -> None:
        """Release every row and end the lease, for a clean shutdown."""
        async with self._database.transaction() as connection:
            await self._release_rows(connection, [self.worker_id])
            await store.worker_delete(connection, worker_id=self.worker_id)

    async def _send_heartbeat(self) -> None:
        async with self._database.connection() as connection:
            is_extended = await store.worker_extend(connection, worker_id=self.worker_id, duration=self._duration)
        if not is_extended:
            raise self._lease_lost()

    async def _release_rows(self, connection: Connection, worker_ids: Sequence[UUID]) -> None:
        for release in self._releasers:
            await release(connection, worker_ids)

    def _lease_lost(self) -> LeaseLostError:
        return LeaseLostError(
            f"The lease of worker {self.worker_id} has expired; other workers have taken over its work.",
            remedy="Start the worker again. If this happens repeatedly, the machine or the database is overloaded.",
        )
