"""How other servers see that this one lives: it holds an advisory lock, which PostgreSQL ends with the connection.

So a request with an idempotency key goes on at once after its server was killed, and not only when its claim ends.
"""

import asyncio
import secrets
from typing import Final

import structlog

from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.waiting import wait_for_any
from ninefold.systems.payments.store.idempotency import (
    idempotency_key_check_owner,
    idempotency_key_drop_owner,
    idempotency_key_hold_owner,
)

CHECK_INTERVAL_S: Final = 5.0
RECONNECT_AFTER_S: Final = 1.0

_NUMBER_MAX: Final = 2**31 - 1

log = structlog.get_logger(__name__)


class Ownership:
    """The lock of this server."""

    def __init__(self) -> None:
        self.number: int | None = None
        """The number of the lock; None while this server holds none."""


class OwnershipHolder:
    """The server's task that holds the lock.

    Args:
        database: where it is held.
        ownership: what the routes read.
    """

    name = "payments.idempotency_owner"

    def __init__(self, database: Database, ownership: Ownership) -> None:
        self._database: Final = database
        self._ownership: Final = ownership

    async def run(self, stopping: asyncio.Event) -> None:
        """Hold the lock until `stopping` is set, and take another one if the connection is lost."""
        while not stopping.is_set():
            try:
                await self._hold(stopping)
            except DatabaseUnavailableError as error:
                log.info("payments.idempotency_owner.unavailable", error=str(error))
                await wait_for_any(stopping, timeout_s=RECONNECT_AFTER_S)
            finally:
                self._ownership.number = None

    async def _hold(self, stopping: asyncio.Event) -> None:
        number = 1 + secrets.randbelow(_NUMBER_MAX - 1)
        async with self._database.connection() as connection:
            await idempotency_key_hold_owner(connection, owner_number=number)
            self._ownership.number = number
            try:
                while not stopping.is_set():
                    await wait_for_any(stopping, timeout_s=CHECK_INTERVAL_S)
                    await idempotency_key_check_owner(connection)
            finally:
                # The connection goes back to the pool, and must not keep the lock.
                await idempotency_key_drop_owner(connection)
