"""What every test may ask for: a database of its own, migrated, empty, and gone afterwards."""

from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest

from ninefold.core.postgres.database import Database
from ninefold.core.postgres.embedded import EmbeddedPostgres
from ninefold.core.postgres.migrations import migrate
from ninefold.edge.systems import migration_sources
from postgres_support import run_apart, temporary_database


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """One server for the whole run; it doesn't wait for the disk."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), is_durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def template_database(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The name of the database that has every migration and no data; tests get copies."""
    with temporary_database(postgres, template="template1") as name:
        run_apart(_migrate(postgres.dsn(database=name)))
        yield name


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, template_database: str) -> Iterator[str]:
    """The address of a migrated database that the test has for itself."""
    with temporary_database(postgres, template=template_database) as name:
        yield postgres.dsn(database=name)


@pytest.fixture
def empty_database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The address of a database without any migration that the test has for itself."""
    with temporary_database(postgres, template="template1") as name:
        yield postgres.dsn(database=name)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A pool on a migrated database that the test has for itself."""
    pool = await Database.connect(database_url, application_name="ninefold-test")
    yield pool
    await pool.close()


async def _migrate(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await migrate(connection, migration_sources())
    finally:
        await connection.close()
