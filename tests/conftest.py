"""What every test may ask for: a database of its own, migrated, empty, and gone afterwards."""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

from ninefold.core.postgres.database import Database
from ninefold.core.postgres.migrations import migrate
from ninefold.edge.systems import migration_sources
from postgres_support import run_apart
from receivers import Receiver
from shared_postgres import SharedPostgres, running_server, temporary_fast_dir

if TYPE_CHECKING:
    from xdist.workermanage import WorkerController

# A busy machine is no failure; a failure that can be repeated is a good one.
settings.register_profile("ninefold", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("ninefold")

SERVER = pytest.StashKey[str]()
"""The address of the run's PostgreSQL, in the process that hands the tests out to others."""


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: "WorkerController") -> None:
    """Run one PostgreSQL for all processes of pytest-xdist, and tell each of them its address."""
    config = node.config
    if SERVER not in config.stash:
        server = ExitStack()
        config.add_cleanup(server.close)
        config.stash[SERVER] = server.enter_context(running_server())
    node.workerinput["postgres"] = config.stash[SERVER]


@pytest.fixture(scope="session")
def fast_dir() -> Iterator[Path]:
    """A folder in memory where there is room."""
    with temporary_fast_dir() as folder:
        yield folder


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[SharedPostgres]:
    """One server for the whole run; where pytest-xdist runs the tests, its controller runs the server."""
    given: dict[str, str] | None = getattr(request.config, "workerinput", None)
    with ExitStack() as stack:
        dsn = stack.enter_context(running_server()) if given is None else given["postgres"]
        process_name = "main" if given is None else given["workerid"]
        yield stack.enter_context(SharedPostgres(dsn, process_name=process_name))


@pytest.fixture(scope="session")
def template_database(postgres: SharedPostgres) -> Iterator[str]:
    """The name of the database that has every migration and no data; tests get copies."""
    with postgres.temporary_database() as name:
        run_apart(_migrate(postgres.dsn(database=name)))
        yield name


@pytest.fixture
def database_url(postgres: SharedPostgres, template_database: str) -> Iterator[str]:
    """The address of a migrated database that the test has for itself."""
    with postgres.temporary_database(template=template_database) as name:
        yield postgres.dsn(database=name)


@pytest.fixture
def empty_database_url(postgres: SharedPostgres) -> Iterator[str]:
    """The address of a database without any migration that the test has for itself."""
    with postgres.temporary_database() as name:
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
