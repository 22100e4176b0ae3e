"""How the edge comes to a database: the person's own one, or the embedded one; migrated, or a clear refusal."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from ninefold.core.config import CoreSettings
from ninefold.core.errors import SettingError
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.embedded import use_postgres
from ninefold.core.postgres.migrations import Migration, migrate, read_pending_migrations
from ninefold.edge.systems import migration_sources


@asynccontextmanager
async def open_database(settings: CoreSettings, *, application_name: str) -> AsyncIterator[Database]:
    """Lend the database of these settings to a command, whether a server runs or not.

    Without NINEFOLD_DATABASE_URL it is the embedded PostgreSQL: a running one is joined, otherwise one runs for as
    long as the block.

    Raises:
        UnavailableError: the server doesn't answer.
        SettingError: the machine or the data folder doesn't allow an embedded server.
    """
    with ExitStack() as stack:
        dsn = settings.database_url or stack.enter_context(use_postgres(settings.data_dir))
        database = await Database.connect(dsn, application_name=application_name, connections_max=2)
        try:
            yield database
        finally:
            await database.close()


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
