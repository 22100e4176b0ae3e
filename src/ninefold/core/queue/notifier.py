"""The notifier: tells idle workers at once that there is something to claim.

Built on LISTEN/NOTIFY, and only a hint: a notification may get lost, so listeners also poll, slowly. Notifications are
sent outside the publishing transaction, at most once per `NOTIFY_INTERVAL_S` and process: a NOTIFY inside a transaction
makes every such commit in the database wait for the one before it.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import structlog

from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.waiting import wait_for_any

NOTIFY_INTERVAL_S: Final = 0.005
RECONNECT_DELAY_S: Final = 1.0

log = structlog.get_logger(__name__)


class Notifier:
    """Sends notifications to other processes, and hears theirs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listeners: dict[str, asyncio.Event] = {}
        self._to_notify: set[str] = set()
        self._notifying: asyncio.Task[None] | None = None

    def notify(self, channel: str) -> None:
        """Wake those who listen on `channel`. Call it after the commit; it returns at once and never fails."""
        self._to_notify.add(channel)
        if self._notifying is None or self._notifying.done():
            self._notifying = asyncio.create_task(self._notify_all())

    def subscribe(self, channel: str) -> asyncio.Event:
        """Return the event that each notification on `channel` sets; the listener clears it. Call it before `run`."""
        return self._listeners.setdefault(channel, asyncio.Event())

    async def run(self, stopping: asyncio.Event) -> None:
        """Listen until `stopping` is set; a lost connection is opened again."""
        while not stopping.is_set():
            try:
                async with self._database.connection() as connection:
                    await self._listen(connection, stopping)
            except DatabaseUnavailableError as error:
                log.warning("queue.notifier.disconnected", error=str(error))
                await wait_for_any(stopping, timeout_s=RECONNECT_DELAY_S)

    async def _listen(self, connection: Connection, stopping: asyncio.Event) -> None:
        is_lost = asyncio.Event()

        def on_termination(*_: object) -> None:
            is_lost.set()

        callbacks = {channel: _setter(event) for channel, event in self._listeners.items()}
        connection.add_termination_listener(on_termination)
        try:
            for channel, callback in callbacks.items():
                await connection.add_listener(channel, callback)
                # Notifications while nobody listened are lost: look once.
                self._listeners[channel].set()
            await wait_for_any(is_lost, stopping)
        except BaseException:
            if not is_lost.is_set():
                # It may still listen, and so must not be lent to anybody else.
                connection.terminate()
            raise
        if is_lost.is_set():
            raise DatabaseUnavailableError("PostgreSQL has closed the connection on which notifications are heard.")
        connection.remove_termination_listener(on_termination)
        for channel, callback in callbacks.items():
            await connection.remove_listener(channel, callback)

    async def _notify_all(self) -> None:
        while self._to_notify:
            await asyncio.sleep(NOTIFY_INTERVAL_S)
            channels, self._to_notify = self._to_notify, set()
            try:
                async with self._database.connection() as connection:
                    for channel in sorted(channels):
                        await connection.execute("SELECT pg_notify($1, '')", channel)
            except DatabaseUnavailableError as error:
                log.info("queue.notifier.failed", error=str(error))


def _setter(event: asyncio.Event) -> Callable[..., None]:
    def on_notification(*_: Any) -> None:
        event.set()

    return on_notification
