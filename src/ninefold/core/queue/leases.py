"""Leases: a worker process holds rows for as long as it shows that it lives.

A worker registers one row and prolongs it with a heartbeat. Whatever it claims names it in `leased_by`, so a claim
costs one write, and holding a thousand rows costs no more than holding one. When the heartbeats stop, any other worker
forgets the dead one and gives back what it held, in one transaction. The worker's id is new at each start and never
comes back, which makes it the fencing token: a write of a worker that was forgotten matches no row any more.
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
"""A worker that is silent for longer is taken for dead. Four heartbeats may get lost before."""

HEARTBEAT_INTERVAL_S: Final = 1.0

Releaser: TypeAlias = Callable[[Connection, Sequence[UUID]], Awaitable[None]]
"""Gives back, in the caller's transaction, every row that these workers hold."""

log = structlog.get_logger(__name__)


class LeaseLostError(NinefoldError):
    """Others took this worker for dead and have its work now; the process must end, and may be started again."""

    code = "lease_lost"
    title = "Lease lost"


class WorkerLease:
    """This process's right to hold work.

    Args:
        database: where the leases are kept.
        releasers: one per system that has `leased_by` columns.
        duration: how long a silent worker keeps what it holds.
        heartbeat_interval_s: seconds between two heartbeats, and between two looks for dead workers.
    """

    def __init__(
        self,
        database: Database,
        releasers: Sequence[Releaser],
        *,
        duration: timedelta = LEASE_DURATION,
        heartbeat_interval_s: float = HEARTBEAT_INTERVAL_S,
    ) -> None:
        self.worker_id: Final = new_id()
        self._database = database
        self._releasers = releasers
        self._duration = duration
        self._heartbeat_interval_s = heartbeat_interval_s

    async def acquire(self) -> None:
        """Register this worker. It must `run` from now on, and `release` at its end."""
        async with self._database.connection() as connection:
            await store.worker_insert(
                connection,
                worker_id=self.worker_id,
                host=socket.gethostname(),
                pid=os.getpid(),
                duration=self._duration,
            )

    async def guard(self, connection: Connection) -> None:
        """Make sure, until the transaction's end, that nobody takes this worker for dead.

        Every claim starts with it: a row claimed for a worker that was just forgotten would belong to nobody.

        Raises:
            LeaseLostError: that has already happened.
        """
        if not await store.worker_lock_shared(connection, worker_id=self.worker_id):
            raise self._lost()

    async def run(self, stopping: asyncio.Event) -> None:
        """Send heartbeats, and give back what dead workers held, until `stopping` is set.

        An unreachable database is waited for: nobody can take over what we hold while it is down for all.

        Raises:
            LeaseLostError: others took this worker for dead.
        """
        while not stopping.is_set():
            try:
                await self._beat()
                await self.reap()
            except DatabaseUnavailableError as error:
                log.warning("queue.heartbeat.failed", error=str(error))
            await wait_for_any(stopping, timeout_s=self._heartbeat_interval_s)

    async def reap(self) -> list[UUID]:
        """Forget the workers whose lease has run out, and give back what they held.

        Returns:
            The ids of the workers that were forgotten.
        """
        async with self._database.transaction() as connection:
            dead = await store.worker_delete_expired(connection)
            if dead:
                await self._release_rows(connection, dead)
        for worker_id in dead:
            log.warning("queue.worker.expired", worker_id=str(worker_id))
        return dead

    async def release(self) -> None:
        """Give back everything at once, for a clean end."""
        async with self._database.transaction() as connection:
            await self._release_rows(connection, [self.worker_id])
            await store.worker_delete(connection, worker_id=self.worker_id)

    async def _beat(self) -> None:
        async with self._database.connection() as connection:
            is_alive = await store.worker_extend(connection, worker_id=self.worker_id, duration=self._duration)
        if not is_alive:
            raise self._lost()

    async def _release_rows(self, connection: Connection, worker_ids: Sequence[UUID]) -> None:
        for release in self._releasers:
            await release(connection, worker_ids)

    def _lost(self) -> LeaseLostError:
        return LeaseLostError(
            f"Worker {self.worker_id} was silent for too long; others have its work now.",
            remedy="Start it again. If this repeats, the machine or the database is overloaded.",
        )
