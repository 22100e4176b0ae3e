"""Which failures of PostgreSQL pass by themselves, and which are bugs."""

import asyncpg
import pytest

from ninefold.core.postgres.errors import is_transient


def _name(error: Exception) -> str:
    return type(error).__name__


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError(),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        asyncpg.TooManyConnectionsError("sorry, too many clients already"),
        asyncpg.CannotConnectNowError("the database system is starting up"),
        asyncpg.AdminShutdownError("terminating connection due to administrator command"),
        asyncpg.DeadlockDetectedError("deadlock detected"),
        asyncpg.SerializationError("could not serialize access due to concurrent update"),
        asyncpg.LockNotAvailableError("canceling statement due to lock timeout"),
        asyncpg.QueryCanceledError("canceling statement due to statement timeout"),
        asyncpg.DiskFullError("could not extend file"),
        asyncpg.ReadOnlySQLTransactionError("cannot execute INSERT in a read-only transaction"),
        asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress"),
    ],
    ids=_name,
)
def test_what_passes_by_itself_is_transient(error: Exception) -> None:
    assert is_transient(error, is_connection_closed=False)


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.UniqueViolationError("duplicate key value"),
        asyncpg.UndefinedColumnError("column does not exist"),
        asyncpg.CharacterNotInRepertoireError("invalid byte sequence"),
        asyncpg.UnknownPostgresError("without a state"),
    ],
    ids=_name,
)
@pytest.mark.parametrize("is_connection_closed", [False, True])
def test_a_statement_that_is_refused_is_a_bug(error: Exception, *, is_connection_closed: bool) -> None:
    assert not is_transient(error, is_connection_closed=is_connection_closed)


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InterfaceError("the server expects 1 argument for this query, 2 were passed"),
        ConnectionResetError("Connection reset by peer"),
        FileNotFoundError("a file that a caller reads"),
    ],
    ids=_name,
)
def test_other_errors_are_transient_only_where_the_connection_has_ended(error: Exception) -> None:
    assert is_transient(error, is_connection_closed=True)
    assert not is_transient(error, is_connection_closed=False)
