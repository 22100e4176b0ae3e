"""What every test may ask for: a database of its own, migrated, empty, and gone afterwards."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

from ninefold.core.postgres.database import Database
from ninefold.core.postgres.embedded import EmbeddedPostgres
from ninefold.core.postgres.migrations import migrate
from ninefold.edge.systems import migration_sources
from postgres_support import run_apart, temporary_database
from receivers import Receiver

# A busy machine is no failure; a failure that can be repeated is a good one.
settings.register_profile("ninefold", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("ninefold")

MEMORY_DIR = Path("/dev/shm")
MEMORY_FREE_BYTES_MIN = 1024**3


@pytest.fixture(scope="session")
def fast_dir() -> Iterator[Path]:
    """A folder in memory where there is room, for databases that need not survive.

    A new one is hundreds of small files, for which some disks take a third of a second.
    """
    has_room = MEMORY_DIR.is_dir() and shutil.disk_usage(MEMORY_DIR).free >= MEMORY_FREE_BYTES_MIN
    with TemporaryDirectory(prefix="ninefold-test-", dir=MEMORY_DIR if has_room else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres(fast_dir: Path) -> Iterator[EmbeddedPostgres]:
    """One server for the whole run."""
    with EmbeddedPostgres(fast_dir / "shared", is_durable=False) as server:
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


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver of webhooks that answers as the test tells it."""
    async with Receiver() as started:
        yield started


async def _migrate(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await migrate(connection, migration_sources())
    finally:
        await connection.close()
