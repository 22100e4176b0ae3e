"""The doorbell: tells idle workers at once that there is something to claim.

Built on LISTEN/NOTIFY, and only a hint: a ring may get lost, so whoever listens also polls, slowly. Rings are sent
outside the publishing transaction and at most once per `RING_INTERVAL_S` and process, because a NOTIFY inside a
transaction makes every such commit in the database wait for the one before it.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import asyncpg
import structlog

from ninefold.core.errors import UnavailableError
from ninefold.core.postgres.database import Connection, Database

RING_INTERVAL_S: Final = 0.005
RECONNECT_DELAY_S: Final = 1.0

_DATABASE_ERRORS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, UnavailableError)

log = structlog.get_logger(__name__)


class Doorbell:
    """Rings for other processes, and hears their rings."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listeners: dict[str, asyncio.Event] = {}
        self._to_ring: set[str] = set()
        self._ringing: asyncio.Task[None] | None = None

    def ring(self, channel: str) -> None:
        """Wake whoever listens on `channel`. Call it after the commit; it returns at once and never fails."""
        self._to_ring.add(channel)
        if self._ringing is None or self._ringing.done():
            self._ringing = asyncio.create_task(self._ring_all())

    def subscribe(self, channel: str) -> asyncio.Event:
        """Return the event that each ring on `channel` sets; the listener clears it. Call it before `run`."""
        return self._listeners.setdefault(channel, asyncio.Event())

    async def run(self, stopping: asyncio.Event) -> None:
        """Listen until `stopping` is set; a lost connection is opened again."""
        while not stopping.is_set():
            try:
                async with self._database.connection() as connection:
                    await self._listen(connection, stopping)
            except _DATABASE_ERRORS as error:
                log.warning("queue.doorbell.disconnected", error=str(error) or type(error).__name__)
                await asyncio.sleep(RECONNECT_DELAY_S)

    async def _listen(self, connection: Connection, stopping: asyncio.Event) -> None:
        is_lost = asyncio.Event()

        def on_termination(*_: object) -> None:
            is_lost.set()

        callbacks = {channel: _setter(event) for channel, event in self._listeners.items()}
        connection.add_termination_listener(on_termination)
        try:
            for channel, callback in callbacks.items():
                await connection.add_listener(channel, callback)
                # Rings while nobody listened are gone: look once.
                self._listeners[channel].set()
            await _wait_for_any(is_lost, stopping)
        except BaseException:
            if not is_lost.is_set():
                # It may listen still, and isn't lent to anybody so.
                connection.terminate()
            raise
        if is_lost.is_set():
            raise UnavailableError("PostgreSQL has closed the connection on which rings are heard.")
        connection.remove_termination_listener(on_termination)
        for channel, callback in callbacks.items():
            await connection.remove_listener(channel, callback)

    async def _ring_all(self) -> None:
        while self._to_ring:
            await asyncio.sleep(RING_INTERVAL_S)
            channels, self._to_ring = self._to_ring, set()
            try:
                async with self._database.connection() as connection:
                    for channel in sorted(channels):
                        await connection.execute("SELECT pg_notify($1, '')", channel)
            except _DATABASE_ERRORS as error:
                log.info("queue.doorbell.unrung", error=str(error) or type(error).__name__)


async def _wait_for_any(*events: asyncio.Event) -> None:
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def _setter(event: asyncio.Event) -> Callable[..., None]:
    def on_notification(*_: Any) -> None:
        event.set()

    return on_notification
