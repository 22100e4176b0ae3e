"""Tells transient PostgreSQL errors from bugs in Ninefold."""

from typing import Final

import asyncpg

from ninefold.core.errors import UnavailableError

DRIVER_ERRORS: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""Everything that asyncpg raises; a timeout is an `OSError`."""

# SQLSTATE classes: connection exception, transaction rollback, insufficient resources, operator intervention.
_TRANSIENT_CLASSES: Final = ("08", "40", "53", "57")
_TRANSIENT_STATES: Final = (
    asyncpg.LockNotAvailableError.sqlstate,
    # After a failover, until clients connect to the new primary.
    asyncpg.ReadOnlySQLTransactionError.sqlstate,
)


class DatabaseUnavailableError(UnavailableError):
    """PostgreSQL is temporarily unavailable; whether the current transaction was committed isn't known.

    It can't be reached, is restarting, is out of resources, took too long, or broke a deadlock. Every transient failure
    is raised as this class, and no other failure is. The message is meant for the operator and may name settings.
    """

    code = "database_unavailable"
    title = "Database unavailable"


class DatabaseDiskFullError(DatabaseUnavailableError):
    """The disk of PostgreSQL is full. It can't write until the operator frees space."""

    code = "database_disk_full"
    title = "The database's disk is full"


def is_transient(error: Exception, *, is_connection_closed: bool) -> bool:
    """Return whether a driver's error is transient.

    Args:
        error: one of `DRIVER_ERRORS`.
        is_connection_closed: whether the connection is closed. asyncpg raises `InterfaceError` both for a lost
            connection and for a programming error; only this tells the two apart.
    """
    match error:
        case asyncpg.PostgresError():
            state = error.sqlstate or ""
            return state[:2] in _TRANSIENT_CLASSES or state in _TRANSIENT_STATES
        case TimeoutError() | asyncpg.InternalClientError():
            return True
        case _:
            return is_connection_closed
