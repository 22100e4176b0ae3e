"""The backlog of jobs as numbers, for those who watch the metrics."""

import asyncio
from typing import Final

import structlog

from ninefold.core.jobs import metrics, store
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.waiting import wait_for_any

COUNT_INTERVAL_S: Final = 5.0
COUNTED_MAX: Final = 100_000
"""A longer backlog is shown as this; counting it all would add to the load that made it."""

log = structlog.get_logger(__name__)


class JobCounter:
    """Counts the jobs that wait or failed, every few seconds. Each worker does; the latest count is the one shown."""

    name = "jobs.backlog"

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self, stopping: asyncio.Event) -> None:
        """Count until `stopping` is set."""
        while not stopping.is_set():
            try:
                await self._count()
            except DatabaseUnavailableError as error:
                log.warning("jobs.backlog.uncounted", error=str(error))
            await wait_for_any(stopping, timeout_s=COUNT_INTERVAL_S)

    async def _count(self) -> None:
        async with self._database.connection() as connection:
            metrics.QUEUED.set(await store.job_count_queued(connection, limit=COUNTED_MAX))
            metrics.FAILED.set(await store.job_count_failed(connection, limit=COUNTED_MAX))
