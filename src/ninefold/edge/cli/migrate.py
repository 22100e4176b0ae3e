"""`ninefold migrate`."""

import asyncio
from typing import Annotated

from cyclopts import Parameter

from ninefold.core.commands import print_json, print_note, print_table
from ninefold.core.config import CoreSettings
from ninefold.core.postgres.migrations import Migration, read_pending_migrations
from ninefold.edge.cli.settings import DataDir, Json, read_core_settings
from ninefold.edge.database import migrate_database, open_database
from ninefold.edge.systems import migration_sources


def migrate(
    *,
    dry_run: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Apply the pending migrations.

    Args:
        dry_run: List the pending migrations without applying them.
        data_dir: see DataDir.
        json: see Json.
    """
    settings = read_core_settings(data_dir=data_dir)
    migrations = asyncio.run(_list_pending(settings) if dry_run else _apply(settings))
    names = [f"{migration.namespace}/{migration.name}" for migration in migrations]
    if json:
        print_json({"pending" if dry_run else "applied": names})
        return
    print_table(["Migration"], [[name] for name in names], empty="The database is already at this version.")
    if names:
        print_note(f"{len(names)} pending." if dry_run else f"{len(names)} applied.")


async def _list_pending(settings: CoreSettings) -> list[Migration]:
    async with (
        open_database(settings, application_name="ninefold migrate", may_create=False) as database,
        database.connection() as connection,
    ):
        return await read_pending_migrations(connection, migration_sources())


async def _apply(settings: CoreSettings) -> list[Migration]:
    async with open_database(settings, application_name="ninefold migrate", may_create=True) as database:
        return await migrate_database(database)
