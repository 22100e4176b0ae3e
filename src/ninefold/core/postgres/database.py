"""The pool of connections, and the ways to use one: plain, in a transaction, or to read what was at one moment."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from ninefold.core.errors import SettingError
from ninefold.core.postgres.errors import DRIVER_ERRORS, DatabaseUnavailableError, is_transient

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

COMMAND_TIMEOUT_S = 30.0
"""No statement of ours needs longer; one that does is stuck."""

CONNECT_TIMEOUT_S = 10.0

ACQUIRE_TIMEOUT_S = 10.0
"""How long to wait for a connection while all are lent; longer would pile up callers who gave up already."""

IDLE_CONNECTION_LIFETIME_S = 300.0

_SERVER_SETTINGS = {
    "timezone": "UTC",
    # Our statements are short: compiling them would cost more than running them.
    "jit": "off",
    # A transaction that its owner forgot must not hold locks without end.
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
            DatabaseUnavailableError: the server doesn't answer, or refuses.
            SettingError: the address has the wrong form.
        """
        try:
            pool = await asyncpg.create_pool(
                dsn,
                min_size=1,
                max_size=connections_max,
                timeout=CONNECT_TIMEOUT_S,
                command_timeout=COMMAND_TIMEOUT_S,
                max_inactive_connection_lifetime=IDLE_CONNECTION_LIFETIME_S,
                reset=_keep_session,
                server_settings={**_SERVER_SETTINGS, "application_name": application_name},
            )
        except (OSError, asyncpg.PostgresError) as error:
            raise _unreachable(error) from error
        except (asyncpg.InterfaceError, ValueError) as error:
            raise SettingError(
                f"The database's address doesn't have the right form: {error}.",
                field="NINEFOLD_DATABASE_URL",
                remedy="Write it as postgresql://user:password@host:5432/database.",
            ) from error
        return cls(pool)

    async def close(self) -> None:
        """Close every connection, after those in use are returned."""
        await self._pool.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection; each statement commits by itself.

        Raises:
            DatabaseUnavailableError: the server can't serve now, or no connection is free in time.
        """
        connection = await self._acquire()
        try:
            yield connection
        except DRIVER_ERRORS as error:
            is_closed = _is_closed(connection)
            if isinstance(error, asyncpg.InternalClientError) and not is_closed:
                # The connection was cut in the middle of a command, and the driver has lost track of it.
                connection.terminate()
            if is_transient(error, is_connection_closed=is_closed):
                raise _unavailable(error) from error
            raise
        finally:
            await self._release(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Lend a connection inside one transaction: committed at the end, rolled back after an error.

        Raises:
            DatabaseUnavailableError: as `connection`; if the commit failed, it may have taken effect all the same.
        """
        async with self.connection() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """Lend a connection whose statements all see one moment, and can't write.

        Raises:
            DatabaseUnavailableError: as `connection`.
        """
        async with self.connection() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            yield connection

    async def _acquire(self) -> "PoolConnectionProxy[asyncpg.Record]":
        try:
            return await self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S)
        except TimeoutError as error:
            raise DatabaseUnavailableError(
                f"No connection to PostgreSQL became free within {ACQUIRE_TIMEOUT_S:.0f} s.",
                remedy="Try again; if it stays so, raise NINEFOLD_DATABASE_CONNECTIONS_MAX.",
            ) from error
        except DRIVER_ERRORS as error:
            raise _unreachable(error) from error

    async def _release(self, connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
        try:
            await self._pool.release(connection)
        except DRIVER_ERRORS as error:
            raise _unavailable(error) from error


def _is_closed(connection: "PoolConnectionProxy[asyncpg.Record]") -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        # A connection that ends while it is lent is taken back by the pool at once, and can't even be asked this.
        return True


async def _keep_session(_: object) -> None:
    """Return a connection to the pool as it is.

    asyncpg would reset the whole session, which costs as much as a query. Nothing of ours outlives its transaction
    there: settings are SET LOCAL, locks belong to transactions, and who listens stops listening itself.
    """


def _unreachable(error: Exception) -> DatabaseUnavailableError:
    return DatabaseUnavailableError(
        f"PostgreSQL can't be reached: {str(error) or 'no answer in time'}.",
        field="NINEFOLD_DATABASE_URL",
        remedy="Check that the server runs, and that the address, the user and the database are right.",
    )


def _unavailable(error: Exception) -> DatabaseUnavailableError:
    return DatabaseUnavailableError(
        f"PostgreSQL can't serve now: {str(error) or 'no answer in time'}.",
        remedy="Try again; if it repeats, PostgreSQL's own log says why.",
    )
