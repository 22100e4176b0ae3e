"""The pool of connections, and the two ways to use one: a plain connection, and a transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from ninefold.core.errors import UnavailableError

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

COMMAND_TIMEOUT_S = 30.0
"""No statement of ours needs longer; one that does is stuck."""

IDLE_CONNECTION_LIFETIME_S = 300.0

_SERVER_SETTINGS = {
    "timezone": "UTC",
    # Our statements are short: compiling them would cost more than running them.
    "jit": "off",
    # A transaction that its owner forgot may not hold locks for ever.
    "idle_in_transaction_session_timeout": "60000",
}


class Database:
    """A pool of connections to one PostgreSQL."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    @classmethod
    async def connect(cls, dsn: str, *, application_name: str, connections_max: int = 10) -> "Database":
        """Open a pool.

        Args:
            dsn: `postgresql://…`.
            application_name: shown in `pg_stat_activity`.
            connections_max: the pool never holds more.

        Raises:
            UnavailableError: the server doesn't answer, or refuses.
        """
        try:
            pool = await asyncpg.create_pool(
                dsn,
                min_size=1,
                max_size=connections_max,
                command_timeout=COMMAND_TIMEOUT_S,
                max_inactive_connection_lifetime=IDLE_CONNECTION_LIFETIME_S,
                server_settings={**_SERVER_SETTINGS, "application_name": application_name},
            )
        except (OSError, asyncpg.PostgresError, TimeoutError) as error:
            raise UnavailableError(
                f"PostgreSQL can't be reached: {error}",
                field="NINEFOLD_DATABASE_URL",
                remedy="Check that the server runs and that the address, the user and the database are right.",
            ) from error
        return cls(pool)

    async def close(self) -> None:
        """Close every connection, after those in use are returned."""
        await self._pool.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection; each statement commits by itself."""
        async with self._pool.acquire() as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Lend a connection inside one transaction: committed at the end, rolled back after an error."""
        async with self._pool.acquire() as connection, connection.transaction():
            yield connection
