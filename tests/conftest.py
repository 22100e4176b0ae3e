"""What every test may ask for: a database of its own, and Ninefold with all its systems, in process or as a server."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, settings

from http_api import Api
from in_process import Applications, MakeApi, StartWorker, create_key, running_worker
from installations import serving
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.migrations import migrate
from ninefold.edge.systems import migration_sources
from postgres_support import run_in_new_loop
from receivers import Receiver
from shared_postgres import SharedPostgres, running_server, temporary_fast_dir

if TYPE_CHECKING:
    from xdist.workermanage import WorkerController

# A busy machine is no failure; a failure that can be repeated is a good one.
settings.register_profile("ninefold", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("ninefold")

E2E = Path(__file__).with_name("e2e")

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


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return one more than there are cores: many tests wait for processes that they have started."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that start whole installations.

    They take by far the longest. So they run one after the other in one process of pytest-xdist, while the others run
    all the rest, and none of them is what the whole run waits for in the end.
    """
    items.sort(key=lambda item: not item.path.is_relative_to(E2E))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Let the garbage collector look no more at what was imported, which is most of what a test process holds."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
async def no_task_left() -> AsyncIterator[None]:
    """Whatever a test leaves running ends with it: the next one uses the same event loop."""
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


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
        run_in_new_loop(_migrate(postgres.dsn(database=name)))
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
    """A receiver of HTTP requests that answers as the test tells it."""
    async with Receiver() as started:
        yield started


@pytest.fixture(scope="session")
def applications() -> Applications:
    """The applications of this process."""
    return Applications()


@pytest.fixture
def environment() -> Mapping[str, str]:
    """The settings of the application and the worker in this process; a system's tests replace them by their own."""
    return {}


@pytest.fixture
async def http(
    applications: Applications, database: Database, environment: Mapping[str, str]
) -> AsyncIterator[httpx.AsyncClient]:
    """The application of all systems, called in process."""
    async with applications.client(environment, database=database) as client:
        yield client


@pytest.fixture
def make_api(http: httpx.AsyncClient, database: Database) -> MakeApi:
    """Make a client with a key of a new organisation."""

    async def make(organisation: str) -> Api:
        return Api(http, await create_key(database, organisation=organisation))

    return make


@pytest.fixture
async def api(make_api: MakeApi) -> Api:
    """A client with a key of an organisation."""
    return await make_api("acme")


@pytest.fixture
async def other_api(make_api: MakeApi) -> Api:
    """A client with a key of another organisation."""
    return await make_api("globex")


@pytest.fixture
def start_worker(database_url: str, environment: Mapping[str, str]) -> StartWorker:
    """Run a worker of all systems for the time of an `async with`."""

    def start(other_environment: Mapping[str, str] = environment) -> AbstractAsyncContextManager[None]:
        return running_worker(database_url, other_environment)

    return start


@pytest.fixture
async def worker(start_worker: StartWorker) -> AsyncIterator[None]:
    """A worker that runs during the test, in a task of its own: a fixture's two halves run in different tasks."""
    is_running, is_over = asyncio.Event(), asyncio.Event()

    async def run() -> None:
        async with start_worker():
            is_running.set()
            await is_over.wait()

    running = asyncio.create_task(run())
    await is_running.wait()
    yield
    is_over.set()
    await running


@pytest.fixture(scope="module")
def server_database_url(postgres: SharedPostgres, template_database: str) -> Iterator[str]:
    """The address of the database of `server_url`."""
    with postgres.temporary_database(template=template_database) as name:
        yield postgres.dsn(database=name)


@pytest.fixture(scope="module")
def server_url(server_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server process that a module's tests share; whatever it is sent, it never logs a failure of its own."""
    with serving(server_database_url, log=tmp_path_factory.mktemp("server") / "log.ndjson") as url:
        yield url


@pytest.fixture
async def server_api(server_url: str, server_database_url: str) -> AsyncIterator[Api]:
    """A client of the server process with a key of a new organisation."""
    database = await Database.connect(server_database_url, application_name="ninefold-test", connections_max=2)
    api_key = await create_key(database, organisation="acme")
    await database.close()
    async with httpx.AsyncClient(base_url=server_url, trust_env=False) as http:
        yield Api(http, api_key)


async def _migrate(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await migrate(connection, migration_sources())
    finally:
        await connection.close()
