"""What a failure of PostgreSQL means: whether it passes by itself, or is a bug of ours."""

from typing import Final

import asyncpg

from ninefold.core.errors import UnavailableError

DRIVER_ERRORS: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""All that asyncpg raises; a timeout is an `OSError`."""

# SQLSTATE classes: connection lost, rolled back by a conflict, out of resources, stopped by an operator.
_TRANSIENT_CLASSES: Final = ("08", "40", "53", "57")
_TRANSIENT_STATES: Final = (
    asyncpg.LockNotAvailableError.sqlstate,
    # After a failover, until the connection leads to the new primary.
    asyncpg.ReadOnlySQLTransactionError.sqlstate,
)


class DatabaseUnavailableError(UnavailableError):
    """PostgreSQL can't serve now, and may again soon; what was under way may or may not have been committed.

    It can't be reached, or it restarts, is out of resources, took too long, or broke a deadlock. Every such failure is
    raised as this class, and nothing else is. The words are the operator's: they may name our settings.
    """

    code = "database_unavailable"
    title = "Database unavailable"


def is_transient(error: Exception, *, is_connection_closed: bool) -> bool:
    """Return whether a driver's error passes by itself.

    Args:
        error: one of `DRIVER_ERRORS`.
        is_connection_closed: whether the connection has ended. An `InterfaceError` is raised for a lost connection and
            for a wrong call; only this tells the two apart.
    """
    match error:
        case asyncpg.PostgresError():
            state = error.sqlstate or ""
            return state[:2] in _TRANSIENT_CLASSES or state in _TRANSIENT_STATES
        case TimeoutError() | asyncpg.InternalClientError():
            return True
        case _:
            return is_connection_closed
