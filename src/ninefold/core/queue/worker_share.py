"""A worker's share of a limit that all workers have together.

Each worker gets an equal part. So the limit holds without a counter that every item would have to update in the
database. The price is that a worker can't use what another one leaves unused.
"""

import asyncio
from typing import Final
from uuid import UUID

import structlog

from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue import store
from ninefold.core.waiting import wait_for_any

REFRESH_S: Final = 1.0
"""Seconds between looks at which workers there are."""

SETTLE_S: Final = 2.5 * REFRESH_S
"""A worker that joins others waits for this long, until they have reduced their shares."""

log = structlog.get_logger(__name__)


class WorkerShare:
    """Which part of a common limit this worker has: one of `count` equal parts.

    Args:
        database: where the workers are registered.
        worker_id: this worker, which holds a lease.
    """

    def __init__(self, database: Database, worker_id: UUID) -> None:
        self._database = database
        self._worker_id = worker_id
        self.count = 1
        """How many workers there are."""
        self.position = 0
        """The position of this worker among them, from 0."""

    async def join(self, stopping: asyncio.Event) -> None:
        """Wait until the other workers have noticed this one; return at once if there are none."""
        while not stopping.is_set():
            try:
                age_s = await self._refresh()
            except DatabaseUnavailableError as error:
                log.warning("queue.share.unknown", error=str(error))
            else:
                if self.count == 1 or age_s >= SETTLE_S:
                    return
            await wait_for_any(stopping, timeout_s=REFRESH_S / 4)

    async def run(self, stopping: asyncio.Event) -> None:
        """Follow the number of workers until `stopping` is set. While it can't be read, the last one applies."""
        while not stopping.is_set():
            await wait_for_any(stopping, timeout_s=REFRESH_S)
            try:
                await self._refresh()
            except DatabaseUnavailableError as error:
                log.warning("queue.share.unknown", error=str(error))

    def of_rate(self, limit: float) -> float:
        """Return this worker's part of a rate."""
        return limit / self.count

    def of_count(self, limit: int, *, key: UUID) -> int:
        """Return this worker's part of a whole number. The parts of all workers add up to the limit.

        Args:
            limit: what all workers have together.
            key: whom the limit is for. It decides which workers get one more than others, or nothing.
        """
        rank = (self.position + key.int) % self.count
        return limit // self.count + (rank < limit % self.count)

    async def _refresh(self) -> float:
        """Look at which workers there are; return this one's age in seconds."""
        async with self._database.connection() as connection:
            ages = await store.worker_list(connection)
        if self._worker_id not in ages:
            # The lease is lost; its holder ends the process.
            return 0.0
        self.count, self.position = len(ages), list(ages).index(self._worker_id)
        return ages[self._worker_id]
