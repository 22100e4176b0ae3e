import asyncio
import socket
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

import asyncpg
import pytest

from ninefold.core.errors import SettingError
from ninefold.core.postgres import database as database_module
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.embedded import EmbeddedPostgres
from ninefold.core.postgres.errors import DatabaseDiskFullError, DatabaseUnavailableError
from shared_postgres import SharedPostgres

Lend: TypeAlias = Callable[[Database], AbstractAsyncContextManager[Connection]]


async def test_a_transaction_commits_at_its_end(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute("CREATE SCHEMA kept")

    assert await _has_schema(database, "kept")


async def test_a_transaction_leaves_nothing_after_an_error(database: Database) -> None:
    with pytest.raises(LookupError):
        await _create_schema_and_fail(database.transaction(), "lost")

    assert not await _has_schema(database, "lost")


async def test_without_a_transaction_each_statement_commits_by_itself(database: Database) -> None:
    with pytest.raises(LookupError):
        await _create_schema_and_fail(database.connection(), "kept")

    assert await _has_schema(database, "kept")


async def test_sessions_speak_utc_and_do_not_hold_locks_for_ever(database: Database) -> None:
    async with database.connection() as connection:
        names = ("timezone", "jit", "idle_in_transaction_session_timeout", "application_name")
        found = [await connection.fetchval(f"SHOW {name}") for name in names]

    assert found == ["UTC", "off", "1min", "ninefold-test"]


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(DatabaseUnavailableError, match="can't be reached") as caught:
        await Database.connect(f"postgresql://nobody@127.0.0.1:{port}/none", application_name="test")

    assert caught.value.field == "NINEFOLD_DATABASE_URL"


async def test_a_server_that_does_not_answer_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "CONNECT_TIMEOUT_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        with pytest.raises(DatabaseUnavailableError, match="no answer in time"):
            await Database.connect(f"postgresql://nobody@127.0.0.1:{port}/none", application_name="test")


async def test_a_database_that_is_not_there_is_unavailable(postgres: SharedPostgres) -> None:
    with pytest.raises(DatabaseUnavailableError, match='database "nowhere" does not exist'):
        await Database.connect(postgres.dsn(database="nowhere"), application_name="test")


@pytest.mark.parametrize("dsn", ["mysql://localhost/shop", "localhost", "postgresql://host:port/name"])
async def test_an_address_of_the_wrong_form_is_a_bad_setting(dsn: str) -> None:
    with pytest.raises(SettingError, match="is malformed") as caught:
        await Database.connect(dsn, application_name="test")

    assert caught.value.field == "NINEFOLD_DATABASE_URL"


async def test_a_snapshot_sees_one_moment_and_writes_nothing(database_url: str) -> None:
    pool = await Database.connect(database_url, application_name="test", connections_max=2)
    async with pool.connection() as connection:
        await connection.execute("CREATE TABLE seen (number integer)")

    async with pool.snapshot() as snapshot:
        assert await snapshot.fetchval("SELECT count(*) FROM seen") == 0
        async with pool.connection() as connection:
            await connection.execute("INSERT INTO seen VALUES (1)")
        assert await snapshot.fetchval("SELECT count(*) FROM seen") == 0
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await snapshot.execute("INSERT INTO seen VALUES (2)")
    await pool.close()


async def test_waiting_for_a_free_connection_has_a_limit(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = await Database.connect(database_url, application_name="test", connections_max=1)

    async with pool.connection():
        monkeypatch.setattr(database_module, "ACQUIRE_TIMEOUT_S", 0.1)
        with pytest.raises(DatabaseUnavailableError, match="No connection to PostgreSQL became free"):
            async with pool.connection():
                pass
        monkeypatch.undo()

    async with pool.connection() as connection:
        assert await connection.fetchval("SELECT 1") == 1
    await pool.close()


async def test_a_pool_recovers_from_a_restart_of_the_server(server: EmbeddedPostgres) -> None:
    dsn = server.dsn()
    pool = await Database.connect(dsn, application_name="test", connections_max=1)
    await asyncio.to_thread(server.stop)

    with pytest.raises(DatabaseUnavailableError):
        async with pool.connection() as connection:
            await connection.fetchval("SELECT 1")
    with pytest.raises(DatabaseUnavailableError, match="can't be reached"):
        async with pool.connection():
            pass

    await asyncio.to_thread(server.start)
    async with pool.connection() as connection:
        assert await connection.fetchval("SELECT 1") == 1
    await pool.close()


async def test_a_connection_that_the_driver_lost_track_of_is_not_lent_again(database_url: str) -> None:
    pool = await Database.connect(database_url, application_name="test", connections_max=1)
    async with pool.connection() as connection:
        lost = await connection.fetchval("SELECT pg_backend_pid()")

    with pytest.raises(DatabaseUnavailableError, match="lost in the middle of a command"):
        async with pool.transaction():
            raise asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress")

    async with pool.connection() as connection:
        assert await connection.fetchval("SELECT pg_backend_pid()") != lost
    await pool.close()


@pytest.mark.parametrize("lend", [Database.connection, Database.transaction, Database.snapshot])
async def test_a_connection_that_is_cut_while_it_is_lent_is_unavailable(database_url: str, lend: Lend) -> None:
    pool = await Database.connect(database_url, application_name="test", connections_max=1)
    with pytest.raises(DatabaseUnavailableError, match="PostgreSQL is unavailable") as caught:
        await _cut_and_use(lend(pool), database_url)

    assert isinstance(caught.value.__cause__, asyncpg.PostgresError | asyncpg.InterfaceError)
    async with pool.connection() as connection:
        assert await connection.fetchval("SELECT 1") == 1
    await pool.close()


@pytest.mark.parametrize("lend", [Database.connection, Database.transaction, Database.snapshot])
async def test_a_connection_that_was_cut_before_it_is_used_is_unavailable(database_url: str, lend: Lend) -> None:
    pool = await Database.connect(database_url, application_name="test", connections_max=1)
    with pytest.raises(DatabaseUnavailableError, match="PostgreSQL is unavailable"):
        await _cut_and_use(lend(pool), database_url, is_end_awaited=True)
    await pool.close()


@pytest.mark.parametrize("lend", [Database.transaction, Database.snapshot])
async def test_a_task_that_is_canceled_while_its_connection_is_cut_ends(database_url: str, lend: Lend) -> None:
    database = await Database.connect(database_url, application_name="test")
    is_cut = asyncio.Event()

    async def hold() -> None:
        async with lend(database) as connection:
            connection.add_termination_listener(lambda _: is_cut.set())
            await _cut(database_url, connection)
            await asyncio.Event().wait()

    holding = asyncio.create_task(hold())
    await is_cut.wait()
    holding.cancel()
    await asyncio.wait([holding])

    assert holding.cancelled()
    await database.close()


async def test_an_error_whose_transaction_cannot_be_rolled_back_is_unavailable(database_url: str) -> None:
    pool = await Database.connect(database_url, application_name="test", connections_max=1)
    with pytest.raises(DatabaseUnavailableError):
        await _cut_and_fail(pool.transaction(), database_url)
    await pool.close()


async def test_a_command_that_takes_too_long_is_unavailable(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "COMMAND_TIMEOUT_S", 0.1)
    pool = await Database.connect(database_url, application_name="test", connections_max=1)
    with pytest.raises(DatabaseUnavailableError, match="no answer in time"):
        async with pool.transaction() as connection:
            await connection.execute("SELECT pg_sleep(5)")

    async with pool.connection() as connection:
        assert await connection.fetchval("SELECT 1") == 1
    await pool.close()


async def test_a_lock_that_others_hold_is_unavailable(database_url: str) -> None:
    pool = await Database.connect(database_url, application_name="test", connections_max=2)
    async with pool.connection() as connection:
        await connection.execute("CREATE TABLE locked ()")

    async with pool.transaction() as holding:
        await holding.execute("LOCK TABLE locked")
        with pytest.raises(DatabaseUnavailableError, match="could not obtain lock"):
            async with pool.transaction() as connection:
                await connection.execute("LOCK TABLE locked NOWAIT")
    await pool.close()


async def test_a_wrong_call_is_a_bug_and_stays_what_it_is(database: Database) -> None:
    with pytest.raises(asyncpg.InterfaceError, match="expects 1 argument"):
        async with database.transaction() as connection:
            await connection.fetchval("SELECT $1::integer", 1, 2)

    with pytest.raises(asyncpg.UndefinedTableError):
        async with database.transaction() as connection:
            await connection.fetchval("SELECT 1 FROM nowhere")


async def test_a_pool_that_is_closed_is_unavailable(database_url: str) -> None:
    pool = await Database.connect(database_url, application_name="test")
    await pool.close()

    with pytest.raises(DatabaseUnavailableError, match="pool is clos"):
        async with pool.connection():
            pass


async def _cut(database_url: str, connection: Connection) -> None:
    """Have PostgreSQL end a connection."""
    other = await asyncpg.connect(database_url)
    assert await other.fetchval("SELECT pg_terminate_backend($1, 5000)", connection.get_server_pid())
    await other.close()


async def _cut_and_use(
    lent: AbstractAsyncContextManager[Connection], database_url: str, *, is_end_awaited: bool = False
) -> None:
    async with lent as connection:
        has_ended = asyncio.Event()
        connection.add_termination_listener(lambda _: has_ended.set())
        await _cut(database_url, connection)
        if is_end_awaited:
            async with asyncio.timeout(5):
                await has_ended.wait()
        await connection.fetchval("SELECT 1")


async def _cut_and_fail(lent: AbstractAsyncContextManager[Connection], database_url: str) -> None:
    async with lent as connection:
        await _cut(database_url, connection)
        raise LookupError


async def _create_schema_and_fail(lent: AbstractAsyncContextManager[Connection], name: str) -> None:
    async with lent as connection:
        await connection.execute(f"CREATE SCHEMA {name}")
        raise LookupError


async def _has_schema(database: Database, name: str) -> bool:
    async with database.connection() as connection:
        found: bool = await connection.fetchval("SELECT to_regnamespace($1) IS NOT NULL", name)
    return found


async def test_a_full_disk_is_reported(database: Database) -> None:
    with pytest.raises(DatabaseDiskFullError, match="disk is full: No space left on device"):
        async with database.connection():
            raise asyncpg.DiskFullError("No space left on device")


async def test_a_pool_logs_nothing_itself_during_an_outage(
    server: EmbeddedPostgres, caplog: pytest.LogCaptureFixture
) -> None:
    pool = await Database.connect(server.dsn(), application_name="test")
    await asyncio.to_thread(server.stop)
    for _ in range(2):
        with pytest.raises(DatabaseUnavailableError):
            async with pool.connection() as connection:
                await connection.fetchval("SELECT 1")
    await pool.close()

    assert caplog.messages == []
