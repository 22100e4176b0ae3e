"""Metrics of a backlog: how many rows wait, counted every few seconds."""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol, TypeAlias

import structlog
from prometheus_client import Gauge

from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.waiting import wait_for_any

COUNT_INTERVAL_S: Final = 5.0
COUNTED_MAX: Final = 100_000
"""The highest count. Counting a longer backlog would add to the load that caused it."""

log = structlog.get_logger(__name__)


class CountRows(Protocol):
    """Counts waiting rows."""

    async def __call__(self, connection: Connection, /, *, limit: int) -> int:
        """Return how many there are, at most `limit`."""
        ...


Counts: TypeAlias = Sequence[tuple[Gauge, CountRows]]


class BacklogCounter:
    """Sets gauges to the counts of waiting rows. Every worker does; the metrics show the latest count.

    Args:
        name: of the task, such as `webhooks.backlog`.
        database: where the rows are.
        counts: each gauge, and what counts for it.
    """

    def __init__(self, name: str, database: Database, counts: Counts) -> None:
        self.name: Final = name
        self._database = database
        self._counts = counts

    async def run(self, stopping: asyncio.Event) -> None:
        """Count until `stopping` is set."""
        while not stopping.is_set():
            try:
                await self._count()
            except DatabaseUnavailableError as error:
                log.warning("queue.backlog.uncounted", backlog=self.name, error=str(error))
            await wait_for_any(stopping, timeout_s=COUNT_INTERVAL_S)

    async def _count(self) -> None:
        async with self._database.connection() as connection:
            for gauge, count_rows in self._counts:
                gauge.set(await count_rows(connection, limit=COUNTED_MAX))
