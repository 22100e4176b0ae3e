"""Forward-only migrations: numbered SQL files, each applied once, in one transaction, under one lock.

A namespace owns the PostgreSQL schema of the same name and the files `migrations/NNNN_what.sql`. The table
`meta.migration` records what was applied, with a hash of the text. If an applied file has changed, the start fails.
"""

import hashlib
import re
from collections.abc import Sequence
from importlib.resources import files

import asyncpg
import msgspec

from ninefold.core.errors import SettingError, UnavailableError
from ninefold.core.postgres.database import Connection

LOCK_TIMEOUT_S = 30
"""How long a migration waits for a lock on a table before it gives up and changes nothing."""

STATEMENT_TIMEOUT_S = 3600.0
"""Long enough to rewrite a large table, or to wait for another process that does."""

_ADVISORY_LOCK_KEY = 0x6E696E65_666F6C64  # "ninefold" in ASCII
_FILE_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")

_MIGRATION_TABLE = """
    CREATE SCHEMA meta;
    CREATE TABLE meta.migration (
        namespace text NOT NULL,
        number integer NOT NULL,
        name text NOT NULL,
        sha256 text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (namespace, number)
    );
"""


class Migration(msgspec.Struct, frozen=True, kw_only=True):
    """One numbered migration of a namespace's schema."""

    namespace: str
    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """Hash of the SQL text, to detect that a file was changed after it was applied."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


class MigrationSource(msgspec.Struct, frozen=True, kw_only=True):
    """Where a namespace's migrations are: `<package>/migrations/NNNN_what.sql`."""

    namespace: str
    package: str

    def read(self) -> list[Migration]:
        """Read the migrations, sorted by number.

        Raises:
            SettingError: a file's name isn't `NNNN_what.sql`, or the numbers have a gap.
        """
        migrations = []
        for file in files(self.package).joinpath("migrations").iterdir():
            if not file.name.endswith(".sql"):
                continue
            match = _FILE_NAME.fullmatch(file.name)
            if match is None:
                raise SettingError(f"{self.package}/migrations/{file.name} isn't named NNNN_what.sql.")
            migrations.append(
                Migration(
                    namespace=self.namespace,
                    number=int(match[1]),
                    name=file.name,
                    sql=file.read_text(encoding="utf-8"),
                )
            )
        migrations.sort(key=lambda migration: migration.number)
        if [migration.number for migration in migrations] != list(range(1, len(migrations) + 1)):
            raise SettingError(f"The migrations of {self.package} aren't numbered 1, 2, 3, … without a gap.")
        return migrations


async def migrate(connection: Connection, sources: Sequence[MigrationSource]) -> list[Migration]:
    """Apply all pending migrations, in the order of the sources, in one transaction.

    Two processes can call this at the same time: the second one waits, and then has nothing to do.

    Returns:
        The migrations that this call applied.

    Raises:
        SettingError: an applied file was changed, the database is newer than this code, or a statement failed.
        UnavailableError: a table was locked for too long.
    """
    async with connection.transaction():
        await connection.execute(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK_KEY})", timeout=STATEMENT_TIMEOUT_S)
        # Set only now, because it would apply to the advisory lock as well.
        await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'")
        await _ensure_migration_table(connection)
        pending = await _read_pending(connection, sources)
        for migration in pending:
            await _apply(connection, migration)
    return pending


async def read_pending_migrations(connection: Connection, sources: Sequence[MigrationSource]) -> list[Migration]:
    """Return the migrations that `migrate` would apply, without applying them.

    Raises:
        SettingError: an applied file was changed, or the database is newer than this code.
    """
    if not await _has_migration_table(connection):
        return [migration for source in sources for migration in source.read()]
    return await _read_pending(connection, sources)


async def _has_migration_table(connection: Connection) -> bool:
    exists: bool = await connection.fetchval("SELECT to_regclass('meta.migration') IS NOT NULL")
    return exists


async def _ensure_migration_table(connection: Connection) -> None:
    if await _has_migration_table(connection):
        return
    try:
        await connection.execute(_MIGRATION_TABLE)
    except asyncpg.PostgresError as error:
        raise SettingError(
            f"The table of applied migrations can't be created: {error}.",
            field="NINEFOLD_DATABASE_URL",
            remedy="Use a separate database for Ninefold, and a user that owns it.",
        ) from error


async def _apply(connection: Connection, migration: Migration) -> None:
    try:
        await connection.execute(migration.sql, timeout=STATEMENT_TIMEOUT_S)
    except asyncpg.LockNotAvailableError as error:
        raise UnavailableError(
            f"Migration {migration.namespace}/{migration.name} waited {LOCK_TIMEOUT_S} s for a locked table.",
            remedy="Nothing was changed. Start again when the load is lower, or stop the other processes first.",
        ) from error
    except asyncpg.PostgresError as error:
        raise SettingError(
            f"Migration {migration.namespace}/{migration.name} failed: {error}.",
            remedy="Nothing was changed. Fix the error that PostgreSQL reports, and start again.",
        ) from error
    await connection.execute(
        "INSERT INTO meta.migration (namespace, number, name, sha256) VALUES ($1, $2, $3, $4)",
        migration.namespace,
        migration.number,
        migration.name,
        migration.sha256,
    )


async def _read_pending(connection: Connection, sources: Sequence[MigrationSource]) -> list[Migration]:
    records = await connection.fetch("SELECT namespace, number, name, sha256 FROM meta.migration")
    applied = {(record["namespace"], record["number"]): record for record in records}
    pending = []
    for source in sources:
        for migration in source.read():
            record = applied.pop((migration.namespace, migration.number), None)
            if record is None:
                pending.append(migration)
            else:
                _check_unchanged(migration, record)
    _refuse_unknown_migrations([record["name"] for record in applied.values()])
    return pending


def _check_unchanged(migration: Migration, record: asyncpg.Record) -> None:
    if record["sha256"] != migration.sha256:
        raise SettingError(
            f"Migration {migration.namespace}/{migration.name} was changed after this database applied it.",
            remedy="Restore the original file, and put the change into a new migration.",
        )


def _refuse_unknown_migrations(names: list[str]) -> None:
    if names:
        raise SettingError(
            f"The database has migrations that this version doesn't know: {', '.join(sorted(names))}.",
            remedy="It was upgraded by a newer version; start that version, or restore a backup.",
        )
