"""The server's task that says that players can move: while no server runs, no clock runs."""

import asyncio
from datetime import UTC, datetime
from typing import Final

import structlog

from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.system import ServerContext
from ninefold.core.waiting import wait_for_any
from ninefold.systems.chess.service import metrics
from ninefold.systems.chess.service.channels import notify_logs
from ninefold.systems.chess.service.outages import note_heartbeat
from ninefold.systems.chess.settings import ChessSettings

INTERVAL_S: Final = 0.5

log = structlog.get_logger(__name__)


class Heartbeat:
    """Notes that a server runs until it stops. After a time without any server, it puts off all turns."""

    name = "chess.heartbeat"

    def __init__(self, context: ServerContext[ChessSettings]) -> None:
        self._database = context.database
        self._notifier = context.notifier

    async def run(self, stopping: asyncio.Event) -> None:
        """Note it twice a second until `stopping` is set."""
        while not stopping.is_set():
            try:
                await self.beat()
            except DatabaseUnavailableError as error:
                log.warning("chess.clocks.unwatched", error=str(error))
            await wait_for_any(stopping, timeout_s=INTERVAL_S)

    async def beat(self) -> None:
        """Note that this server runs; after an outage, put off all turns by it."""
        async with self._database.transaction() as connection:
            shifted = await note_heartbeat(connection, now=datetime.now(UTC))
        if shifted:
            log.warning("chess.clocks.adjusted", games=len(shifted))
            metrics.ADJUSTED.inc(len(shifted))
        notify_logs(self._notifier, shifted)
