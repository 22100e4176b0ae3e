"""Runs Ninefold's application and worker in the test process, with all systems."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeAlias

import httpx

from http_api import Api, Json
from ninefold.core.config import CoreSettings, read_settings
from ninefold.core.postgres.database import Database
from ninefold.core.system import AnySystem
from ninefold.core.tenancy.service import create_api_key, create_organisation
from ninefold.core.web.stopping import Stopping
from ninefold.edge.server import build_web_app
from ninefold.edge.systems import SYSTEMS
from ninefold.edge.worker import work

BASE_URL = "http://ninefold.test"
LOOPBACK = "127.0.0.0/8,::1/128"

MakeApi: TypeAlias = Callable[[str], Awaitable[Api]]
"""Creates an organisation with this name; returns a client with its key."""

StartWorker: TypeAlias = Callable[..., AbstractAsyncContextManager[None]]
"""Runs a worker during an `async with`, by default with the settings of the test's `environment`."""


class Applications:
    """The applications of a test process, each with its settings.

    Building one takes longer than most tests. So it is built once, and then uses the database of one test after the
    other. That requires that all tests of a process share one event loop.
    """

    def __init__(self) -> None:
        self._built: dict[object, tuple[httpx.ASGITransport, _SwappableDatabase]] = {}
        self._documents: dict[str, Json] = {}

    def client(self, environment: Mapping[str, str], *, database: Database) -> httpx.AsyncClient:
        """Return a client of the application with these settings and this database."""
        choice = tuple(sorted(environment.items()))
        if choice not in self._built:
            swappable = _SwappableDatabase()
            self._built[choice] = _transport_to(swappable, environment, systems=SYSTEMS), swappable
        transport, swappable = self._built[choice]
        swappable.use_pool_of(database)
        return httpx.AsyncClient(transport=transport, base_url=BASE_URL)

    async def document_of(self, system: AnySystem) -> Json:
        """Return the OpenAPI document of an application with only this system."""
        if system.name not in self._documents:
            transport = _transport_to(_SwappableDatabase(), {}, systems=[system])
            async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
                self._documents[system.name] = (await client.get("/openapi.json")).json()
        return self._documents[system.name]


class _SwappableDatabase(Database):
    """A database whose connection pool can be replaced, for an application that outlives it."""

    def __init__(self) -> None:
        """Start without a pool."""

    def use_pool_of(self, database: Database) -> None:
        self._pool = database._pool


def _transport_to(
    database: Database, environment: Mapping[str, str], *, systems: Sequence[AnySystem]
) -> httpx.ASGITransport:
    app = build_web_app(database, environment, systems=systems, stopping=Stopping())
    return httpx.ASGITransport(app)  # type: ignore[arg-type]  # Litestar's scope is typed more narrowly.


async def create_key(database: Database, *, organisation: str) -> str:
    """Create an organisation; return an API key of it."""
    async with database.transaction() as connection:
        created = await create_organisation(connection, name=organisation)
        return (await create_api_key(connection, organisation_id=created.organisation_id, name="test")).text


@asynccontextmanager
async def running_worker(database_url: str, environment: Mapping[str, str]) -> AsyncIterator[None]:
    """Run a worker until the block ends; it can send to this machine."""
    environment = {"NINEFOLD_EGRESS_ALLOW": LOOPBACK, **environment}
    settings = read_settings(CoreSettings, prefix="NINEFOLD_", environment=environment)
    stopping, hurrying = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(work(settings, environment, database_url=database_url, stopping=stopping, hurrying=hurrying))
        try:
            yield
        finally:
            stopping.set()
