import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from ninefold.core.errors import SettingError, UnavailableError
from ninefold.core.postgres import migrations as migrations_module
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.migrations import MigrationSource, migrate, read_pending_migrations

FIRST = "CREATE SCHEMA shop; CREATE TABLE shop.item (id integer PRIMARY KEY);"
SECOND = "ALTER TABLE shop.item ADD COLUMN name text NOT NULL DEFAULT '';"


class Package:
    """A temporary package with migrations."""

    def __init__(self, folder: Path) -> None:
        self.source = MigrationSource(namespace="shop", package=folder.name)
        self._folder = folder / "migrations"
        self._folder.mkdir(parents=True)
        (folder / "__init__.py").write_text("")

    def write(self, name: str, sql: str) -> None:
        (self._folder / name).write_text(sql)

    def remove(self, name: str) -> None:
        (self._folder / name).unlink()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    return Package(tmp_path / f"shop_{uuid4().hex}")


@pytest.fixture
async def empty(empty_database_url: str) -> AsyncIterator[Database]:
    pool = await Database.connect(empty_database_url, application_name="test")
    yield pool
    await pool.close()


async def test_each_migration_is_applied_once_in_order(empty: Database, package: Package) -> None:
    package.write("0002_name.sql", SECOND)
    package.write("0001_item.sql", FIRST)

    assert await _migrate(empty, package) == ["0001_item.sql", "0002_name.sql"]
    assert await _migrate(empty, package) == []
    assert await _columns(empty) == ["id", "name"]


async def test_a_later_migration_is_applied_to_existing_data(empty: Database, package: Package) -> None:
    package.write("0001_item.sql", FIRST)
    await _migrate(empty, package)
    async with empty.connection() as connection:
        await connection.execute("INSERT INTO shop.item (id) VALUES (1), (2)")
    package.write("0002_name.sql", SECOND)

    assert await _migrate(empty, package) == ["0002_name.sql"]
    async with empty.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM shop.item WHERE name = ''") == 2


async def test_pending_migrations_are_listed_without_being_applied(empty: Database, package: Package) -> None:
    package.write("0001_item.sql", FIRST)

    assert await _pending(empty, package) == ["0001_item.sql"]
    assert await _columns(empty) == []

    await _migrate(empty, package)
    assert await _pending(empty, package) == []

    package.write("0002_name.sql", SECOND)
    assert await _pending(empty, package) == ["0002_name.sql"]


async def test_a_file_that_was_changed_after_it_was_applied_is_refused(empty: Database, package: Package) -> None:
    package.write("0001_item.sql", FIRST)
    await _migrate(empty, package)
    package.write("0001_item.sql", FIRST + " -- one more thing")

    with pytest.raises(SettingError, match=r"shop/0001_item\.sql was changed"):
        await _migrate(empty, package)
    with pytest.raises(SettingError, match=r"shop/0001_item\.sql was changed"):
        await _pending(empty, package)


async def test_a_database_newer_than_the_code_is_refused(empty: Database, package: Package) -> None:
    package.write("0001_item.sql", FIRST)
    package.write("0002_name.sql", SECOND)
    await _migrate(empty, package)
    package.remove("0002_name.sql")

    with pytest.raises(SettingError, match=r"doesn't know: 0002_name\.sql"):
        await _migrate(empty, package)


async def test_a_failed_migration_is_named_and_everything_is_rolled_back(empty: Database, package: Package) -> None:
    package.write("0001_item.sql", FIRST)
    package.write("0002_bad.sql", "CREATE TABLE shop.half (); SELECT 1 / 0;")

    with pytest.raises(SettingError, match=r"shop/0002_bad\.sql failed: division by zero"):
        await _migrate(empty, package)

    assert await _columns(empty) == []
    assert await _pending(empty, package) == ["0001_item.sql", "0002_bad.sql"]


async def test_concurrent_callers_apply_a_migration_once(empty: Database, package: Package) -> None:
    package.write("0001_item.sql", FIRST + " SELECT pg_sleep(0.1);")

    results = await asyncio.gather(*[_migrate(empty, package) for _ in range(5)])

    assert sorted(results) == [[], [], [], [], ["0001_item.sql"]]


async def test_a_migration_can_take_longer_than_other_statements(empty_database_url: str, package: Package) -> None:
    package.write("0001_item.sql", FIRST + " SELECT pg_sleep(1.3);")
    connection = await asyncpg.connect(empty_database_url, command_timeout=1)

    applied = await migrate(connection, [package.source])

    assert [migration.name for migration in applied] == ["0001_item.sql"]
    await connection.close()


async def test_a_locked_table_makes_it_give_up_and_change_nothing(
    empty: Database, package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations_module, "LOCK_TIMEOUT_S", 1)
    package.write("0001_item.sql", FIRST)
    await _migrate(empty, package)
    package.write("0002_name.sql", SECOND)

    async with empty.transaction() as connection:
        await connection.execute("LOCK TABLE shop.item")
        with pytest.raises(UnavailableError, match=r"shop/0002_name\.sql waited 1 s for a locked table"):
            await _migrate(empty, package)

    assert await _columns(empty) == ["id"]
    assert await _migrate(empty, package) == ["0002_name.sql"]


async def test_a_user_without_permission_to_create_schemas_gets_an_error(empty: Database, package: Package) -> None:
    package.write("0001_item.sql", FIRST)
    await _forbid_creation(empty)

    with pytest.raises(SettingError, match="permission denied") as caught:
        await _migrate(empty, package)

    assert caught.value.field == "NINEFOLD_DATABASE_URL"


async def test_without_pending_migrations_no_permission_is_needed(empty: Database, package: Package) -> None:
    package.write("0001_item.sql", FIRST)
    await _migrate(empty, package)
    await _forbid_creation(empty)

    assert await _migrate(empty, package) == []


@pytest.mark.parametrize("names", [["0002_late.sql"], ["0001_one.sql", "0003_three.sql"], ["0001_a.sql", "0001_b.sql"]])
async def test_missing_or_repeated_numbers_are_refused(empty: Database, package: Package, names: list[str]) -> None:
    for name in names:
        package.write(name, "SELECT 1;")

    with pytest.raises(SettingError, match="aren't numbered 1, 2, 3"):
        await _migrate(empty, package)


@pytest.mark.parametrize("name", ["first.sql", "1_first.sql", "0001-first.sql", "0001_First.sql"])
async def test_a_file_with_an_invalid_name_is_refused(empty: Database, package: Package, name: str) -> None:
    package.write(name, "SELECT 1;")

    with pytest.raises(SettingError, match=r"isn't named NNNN_what\.sql"):
        await _migrate(empty, package)


async def _migrate(database: Database, package: Package) -> list[str]:
    async with database.connection() as connection:
        applied = await migrate(connection, [package.source])
    return [migration.name for migration in applied]


async def _pending(database: Database, package: Package) -> list[str]:
    async with database.connection() as connection:
        pending = await read_pending_migrations(connection, [package.source])
    return [migration.name for migration in pending]


async def _columns(database: Database) -> list[str]:
    async with database.connection() as connection:
        records = await connection.fetch(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'shop' ORDER BY ordinal_position"
        )
    return [record["column_name"] for record in records]


async def _forbid_creation(database: Database) -> None:
    async with database.connection() as connection:
        name = await connection.fetchval("SELECT current_database()")
        await connection.execute(f"REVOKE CREATE ON DATABASE {name} FROM ninefold")
