"""The connection pool: connections in autocommit mode, in a transaction, or in a read-only snapshot."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeAlias, TypeVar

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from ninefold.core.errors import SettingError
from ninefold.core.postgres.errors import (
    DRIVER_ERRORS,
    DatabaseDiskFullError,
    DatabaseUnavailableError,
    is_transient,
)

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

T = TypeVar("T")

COMMAND_TIMEOUT_S = 30.0
"""None of our statements takes this long; one that does is stuck."""

CONNECT_TIMEOUT_S = 10.0

ACQUIRE_TIMEOUT_S = 10.0
"""How long to wait while every connection is in use. After a longer wait, most callers would have timed out anyway."""

IDLE_CONNECTION_LIFETIME_S = 300.0

_SERVER_SETTINGS = {
    "timezone": "UTC",
    # Our statements are short: JIT compilation would cost more than it saves.
    "jit": "off",
    # An abandoned transaction must not hold its locks indefinitely.
    "idle_in_transaction_session_timeout": "60000",
    # PostgreSQL must notice within 25 s that a client's machine has failed, and close the session. By default, it
    # takes more than two hours. On a Unix socket these have no effect.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "25000",
}


class Database:
    """A pool of connections to one PostgreSQL database."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    @classmethod
    async def connect(cls, dsn: str, *, application_name: str, connections_max: int = 10) -> "Database":
        """Open a pool.

        Args:
            dsn: `postgresql://…`.
            application_name: shown in `pg_stat_activity`.
            connections_max: the size limit of the pool.

        Raises:
            DatabaseUnavailableError: the server doesn't answer, or refuses the connection.
            SettingError: `dsn` is malformed.
        """
        try:
            pool = await _open_pool(dsn, application_name=application_name, connections_max=connections_max)
        except (OSError, asyncpg.PostgresError) as error:
            raise _unreachable(error) from error
        except (asyncpg.InterfaceError, ValueError) as error:
            raise SettingError(
                f"The database's address is malformed: {error}.",
                field="NINEFOLD_DATABASE_URL",
                remedy="Write it as postgresql://user:password@host:5432/database.",
            ) from error
        return cls(pool)

    async def close(self) -> None:
        """Wait until the connections in use are returned, then close all of them."""
        await self._pool.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Yield a connection from the pool; each statement commits by itself.

        Raises:
            DatabaseUnavailableError: PostgreSQL is unavailable, or no connection became free in time.
        """
        async with _cancelable(self._lend()) as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Yield a connection inside a transaction, which commits at the end and rolls back after an error.

        Raises:
            DatabaseUnavailableError: as `connection`; if the commit failed, it may still have taken effect.
        """
        async with self.connection() as connection, _cancelable(connection.transaction()):
            yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """Yield a connection in a read-only transaction whose statements all see the same snapshot.

        Raises:
            DatabaseUnavailableError: as `connection`.
        """
        async with self.connection() as connection:
            snapshot = connection.transaction(isolation="repeatable_read", readonly=True)
            async with _cancelable(snapshot):
                yield connection

    @asynccontextmanager
    async def _lend(self) -> AsyncIterator[Connection]:
        connection = await self._acquire()
        try:
            yield connection
        except DRIVER_ERRORS as error:
            is_closed = _is_closed(connection)
            if isinstance(error, asyncpg.InternalClientError) and not is_closed:
                # The connection was lost in the middle of a command, and the driver's state is inconsistent.
                connection.terminate()
            if is_transient(error, is_connection_closed=is_closed):
                raise _unavailable(error) from error
            raise
        finally:
            await self._release(connection)

    async def _acquire(self) -> "PoolConnectionProxy[asyncpg.Record]":
        try:
            return await self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S)
        except TimeoutError as error:
            raise DatabaseUnavailableError(
                f"No connection to PostgreSQL became free within {ACQUIRE_TIMEOUT_S:.0f} s.",
                remedy="Try again; if this persists, raise NINEFOLD_DATABASE_CONNECTIONS_MAX.",
            ) from error
        except DRIVER_ERRORS as error:
            raise _unreachable(error) from error

    async def _release(self, connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
        try:
            await self._pool.release(connection)
        except DRIVER_ERRORS as error:
            raise _unavailable(error) from error


@asynccontextmanager
async def _cancelable(entered: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
    """Enter a context; a cancellation in its block is raised even if leaving it fails.

    The driver fails to end a transaction whose connection is lost. If that replaced the cancellation, a task that is
    canceled at this moment would take it for an outage, and go on.
    """
    canceled: asyncio.CancelledError | None = None
    try:
        async with entered as value:
            try:
                yield value
            except asyncio.CancelledError as error:
                canceled = error
                raise
    except Exception:
        if canceled is not None:
            raise canceled from None
        raise


async def plan_once(connection: Connection) -> None:
    """Let the statements of this transaction use plans for any parameters, which each connection makes only once.

    Otherwise PostgreSQL may plan a statement at each execution. For tables with partitions, that takes milliseconds.
    """
    await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")


async def _open_pool(dsn: str, *, application_name: str, connections_max: int) -> "asyncpg.Pool[asyncpg.Record]":
    pool = await asyncpg.create_pool(
        dsn,
        # With a minimum, asyncpg logs a traceback for each of its own attempts to reconnect after an outage.
        min_size=0,
        max_size=connections_max,
        timeout=CONNECT_TIMEOUT_S,
        command_timeout=COMMAND_TIMEOUT_S,
        max_inactive_connection_lifetime=IDLE_CONNECTION_LIFETIME_S,
        reset=_skip_session_reset,
        server_settings={**_SERVER_SETTINGS, "application_name": application_name},
    )
    try:
        # Without a minimum, nothing has connected yet.
        await pool.release(await pool.acquire())
    except BaseException:
        pool.terminate()
        raise
    return pool


def _is_closed(connection: "PoolConnectionProxy[asyncpg.Record]") -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        # The pool reclaims a connection that is lost while in use. Even this call on it then raises.
        return True


async def _skip_session_reset(_: object) -> None:
    """Return a connection to the pool without resetting its session.

    By default, asyncpg resets the session, which costs as much as a query. Our code leaves nothing to reset: it uses
    SET LOCAL for settings and transaction-level locks, and the notifier removes its own listeners.
    """


def _unreachable(error: Exception) -> DatabaseUnavailableError:
    if isinstance(error, asyncpg.DiskFullError):
        return _disk_full(error)
    return DatabaseUnavailableError(
        f"PostgreSQL can't be reached: {str(error) or 'no answer in time'}.",
        field="NINEFOLD_DATABASE_URL",
        remedy="Check that the server is running, and that the address, the user and the database are correct.",
    )


def _unavailable(error: Exception) -> DatabaseUnavailableError:
    match error:
        case asyncpg.DiskFullError():
            return _disk_full(error)
        case asyncpg.InternalClientError():
            # The driver's own message names its internal states, such as "cannot switch to state 15".
            reason = "the connection was lost in the middle of a command"
        case _:
            reason = str(error) or "no answer in time"
    return DatabaseUnavailableError(
        f"PostgreSQL is unavailable: {reason}.",
        remedy="Try again; if this persists, look for the reason in PostgreSQL's log.",
    )


def _disk_full(error: asyncpg.DiskFullError) -> DatabaseDiskFullError:
    return DatabaseDiskFullError(
        f"PostgreSQL's disk is full: {error}.",
        remedy="Free space on the disk. Everything then continues automatically.",
    )
