"""Opens the database, the operator's own or the embedded one, and makes sure that it is migrated."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from ninefold.core.config import CoreSettings
from ninefold.core.errors import SettingError
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.embedded import use_postgres
from ninefold.core.postgres.migrations import Migration, migrate, read_pending_migrations
from ninefold.edge.systems import migration_sources


@asynccontextmanager
async def open_database(settings: CoreSettings, *, application_name: str, may_create: bool) -> AsyncIterator[Database]:
    """Open the database of these settings for a command, whether a server is running or not.

    Without NINEFOLD_DATABASE_URL it is the embedded PostgreSQL, which is started for the block if it isn't running.

    Args:
        settings: where the database is.
        application_name: the command's name in PostgreSQL's views.
        may_create: whether to create the embedded PostgreSQL if it doesn't exist. Commands that only read or revoke
            don't: they would find nothing in a new one.

    Raises:
        UnavailableError: the server doesn't answer.
        SettingError: the embedded server doesn't exist, or can't run on this machine or in this folder.
    """
    if settings.database_url is None and not may_create:
        _require_cluster(settings.data_dir)
    with ExitStack() as stack:
        dsn = settings.database_url or stack.enter_context(use_postgres(settings.data_dir))
        database = await Database.connect(dsn, application_name=application_name, connections_max=2)
        try:
            yield database
        finally:
            await database.close()


@asynccontextmanager
async def open_transaction(
    settings: CoreSettings, *, application_name: str, may_create: bool
) -> AsyncIterator[Connection]:
    """Open a transaction on a migrated database, as `open_database` does.

    The embedded PostgreSQL is migrated if necessary. Only `ninefold migrate` migrates the operator's own database.
    """
    async with open_database(settings, application_name=application_name, may_create=may_create) as database:
        if settings.database_url is None:
            await migrate_database(database)
        else:
            await require_migrated(database)
        async with database.transaction() as connection:
            yield connection


async def migrate_database(database: Database) -> list[Migration]:
    """Apply the pending migrations and return them."""
    async with database.connection() as connection:
        return await migrate(connection, migration_sources())


async def require_migrated(database: Database) -> None:
    """Raise an error if the database isn't at the version of this code.

    Raises:
        SettingError: migrations are pending, or the database is newer than this code.
    """
    async with database.connection() as connection:
        pending = await read_pending_migrations(connection, migration_sources())
    if pending:
        names = ", ".join(f"{migration.namespace}/{migration.name}" for migration in pending)
        raise SettingError(
            f"The database lacks {len(pending)} migration(s) of this version: {names}.",
            remedy="Run `ninefold migrate` with the same NINEFOLD_DATABASE_URL, then start again.",
        )


def _require_cluster(data_dir: Path) -> None:
    """Refuse a data folder without a database, so that none is created there."""
    try:
        is_there = (data_dir / "postgres").exists()
    except PermissionError:
        # It may exist, but this user can't see it. Opening it raises the error that explains this.
        return
    if not is_there:
        raise SettingError(
            f"There is no database in the data folder {data_dir.absolute()}.",
            field="NINEFOLD_DATA_DIR",
            remedy="Name an existing data folder with --data-dir or NINEFOLD_DATA_DIR. `ninefold up` creates one.",
        )
