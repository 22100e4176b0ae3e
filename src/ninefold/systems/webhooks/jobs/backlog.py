"""The backlog as metrics: how many events and deliveries wait."""

import asyncio
from typing import Final

import structlog

from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.waiting import wait_for_any
from ninefold.systems.webhooks.jobs import metrics
from ninefold.systems.webhooks.store.deliveries import delivery_count_retrying
from ninefold.systems.webhooks.store.events import event_count_queued

COUNT_INTERVAL_S: Final = 5.0
COUNTED_MAX: Final = 100_000
"""A longer backlog is shown as this: counting all of it would add to the load that made it."""

log = structlog.get_logger(__name__)


class BacklogCounter:
    """Counts what waits, every few seconds. Each worker does; the latest count is the one that is shown."""

    name = "webhooks.backlog"

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self, stopping: asyncio.Event) -> None:
        """Count until `stopping` is set."""
        while not stopping.is_set():
            try:
                await self._count()
            except DatabaseUnavailableError as error:
                log.warning("webhooks.backlog.uncounted", error=str(error))
            await wait_for_any(stopping, timeout_s=COUNT_INTERVAL_S)

    async def _count(self) -> None:
        async with self._database.connection() as connection:
            metrics.EVENTS_QUEUED.set(await event_count_queued(connection, limit=COUNTED_MAX))
            metrics.DELIVERIES_RETRYING.set(await delivery_count_retrying(connection, limit=COUNTED_MAX))
