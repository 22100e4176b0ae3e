"""How the edge comes to a database: the person's own one, or the embedded one; migrated, or a clear refusal."""

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
    """Lend the database of these settings to a command, whether a server runs or not.

    Without NINEFOLD_DATABASE_URL it is the embedded PostgreSQL: a running one is joined, otherwise one runs for as
    long as the block.

    Args:
        settings: where the database is.
        application_name: what PostgreSQL calls the command.
        may_create: whether an embedded PostgreSQL is made where there is none; a command that looks at things or takes
            them away has nothing to find in a new one.

    Raises:
        UnavailableError: the server doesn't answer.
        SettingError: the machine or the data folder doesn't allow an embedded server, or has none.
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
    """Lend a transaction on a migrated database to a command, as `open_database` does.

    The embedded PostgreSQL is ours, and is migrated where needed. A database of the person's own is only changed by
    `ninefold migrate`.
    """
    async with open_database(settings, application_name=application_name, may_create=may_create) as database:
        if settings.database_url is None:
            await migrate_database(database)
        else:
            await require_migrated(database)
        async with database.transaction() as connection:
            yield connection


async def migrate_database(database: Database) -> list[Migration]:
    """Apply what is missing, and return what was applied now."""
    async with database.connection() as connection:
        return await migrate(connection, migration_sources())


async def require_migrated(database: Database) -> None:
    """Refuse to go on with a database that this version's code doesn't fit.

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
    """Refuse a data folder without a database, before the look at it makes one."""
    try:
        is_there = (data_dir / "postgres").exists()
    except PermissionError:
        # What this user can't see may be there; opening it says what is in the way.
        return
    if not is_there:
        raise SettingError(
            f"There is no database in the data folder {data_dir.absolute()}.",
            field="NINEFOLD_DATA_DIR",
            remedy="Name an installation's folder with --data-dir or NINEFOLD_DATA_DIR; `ninefold up` makes a new one.",
        )
