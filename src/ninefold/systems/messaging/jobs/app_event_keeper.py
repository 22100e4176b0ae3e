"""Keeps what apps are told: lets it be sent again if it wasn't acknowledged, and forgets what is old."""

import asyncio
import time
from typing import Final

import structlog

from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue.notifier import Notifier
from ninefold.core.waiting import wait_for_any
from ninefold.systems.messaging.service.apps.delivery import clean_up, expire

CHECK_INTERVAL_S: Final = 1.0
CLEAN_INTERVAL_S: Final = 60.0

log = structlog.get_logger(__name__)


class AppEventKeeper:
    """A task of each server; several do no more than one.

    Args:
        database: where it is recorded what apps are told.
        notifier: wakes the connections of apps.
    """

    name = "messaging.app_events"

    def __init__(self, database: Database, notifier: Notifier) -> None:
        self._database: Final = database
        self._notifier: Final = notifier
        self._cleaned_at = time.monotonic()

    async def run(self, stopping: asyncio.Event) -> None:
        """Check every second until `stopping` is set."""
        while not stopping.is_set():
            try:
                await self._check()
            except DatabaseUnavailableError as error:
                log.info("messaging.app_events.unavailable", error=str(error))
            await wait_for_any(stopping, timeout_s=CHECK_INTERVAL_S)

    async def _check(self) -> None:
        await expire(self._database, self._notifier)
        if time.monotonic() - self._cleaned_at >= CLEAN_INTERVAL_S:
            self._cleaned_at = time.monotonic()
            await clean_up(self._database)
