"""Ninefold inside the tests' own process: its application and its worker, with every system."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeAlias

import httpx

from http_api import Api, Json
from installations import LOOPBACK, with_secrets_key
from ninefold.core.config import CoreSettings, read_settings
from ninefold.core.egress import AddressPolicy
from ninefold.core.postgres.database import Database
from ninefold.core.system import AnySystem
from ninefold.core.tenancy.service import create_api_key, create_organisation
from ninefold.core.web.stopping import Stopping
from ninefold.edge.server import build_web_app
from ninefold.edge.systems import CORE, SYSTEMS, implementations_of
from ninefold.edge.worker import work
from openapi_operations import Operation, operations_of

BASE_URL = "http://ninefold.test"

MakeApi: TypeAlias = Callable[[str], Awaitable[Api]]
"""Creates an organisation of this name; returns a client with a key of it."""

StartWorker: TypeAlias = Callable[..., AbstractAsyncContextManager[None]]
"""Runs a worker for the time of an `async with`, with other settings than the test's `environment` if any are given."""


class Applications:
    """The applications of a test process, each with its settings.

    Building one takes longer than most tests, and the longer the more systems there are. So it is built once, and lent
    the database of one test after the other. For that, all tests of a process share one event loop.
    """

    def __init__(self) -> None:
        self._built: dict[object, tuple[httpx.ASGITransport, LentDatabase]] = {}
        self._documents: dict[str, Json] = {}

    def client(self, environment: Mapping[str, str], *, database: Database) -> httpx.AsyncClient:
        """Return a client of the application with these settings and this database."""
        choice = tuple(sorted(environment.items()))
        if choice not in self._built:
            lent = LentDatabase()
            self._built[choice] = _transport_to(lent, environment, systems=[CORE, *SYSTEMS]), lent
        transport, lent = self._built[choice]
        lent.lend(database)
        return httpx.AsyncClient(transport=transport, base_url=BASE_URL)

    async def operations_of_people(self) -> list[Operation]:
        """Return the operations that an application has without any system: those of people."""
        return operations_of(await self._document_of("people", systems=[]))

    async def operations_of(self, system: AnySystem) -> list[Operation]:
        """Return the operations that an application has because of this system."""
        people = {operation.operation_id for operation in await self.operations_of_people()}
        found = operations_of(await self._document_of(system.name, systems=[system]))
        return [operation for operation in found if operation.operation_id not in people]

    async def _document_of(self, name: str, *, systems: Sequence[AnySystem]) -> Json:
        if name not in self._documents:
            transport = _transport_to(LentDatabase(), {}, systems=systems)
            async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
                self._documents[name] = (await client.get("/openapi.json")).json()
        return self._documents[name]


class LentDatabase(Database):
    """The database of an application that outlives it."""

    def __init__(self) -> None:
        """Begin without any."""

    def lend(self, database: Database) -> None:
        self._pool = database._pool


def _transport_to(
    database: Database, environment: Mapping[str, str], *, systems: Sequence[AnySystem]
) -> httpx.ASGITransport:
    settings = read_settings(CoreSettings, prefix="NINEFOLD_", environment=_with_defaults(environment))
    app = build_web_app(
        database,
        _with_defaults(environment),
        systems=systems,
        implementations=implementations_of(SYSTEMS),
        egress_policy=AddressPolicy.from_cidrs(settings.egress_allow),
        stopping=Stopping(),
    )
    return httpx.ASGITransport(app)  # type: ignore[arg-type]  # Litestar's scope is typed more narrowly.


def _with_defaults(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return the settings with which requests may be sent to this machine, unless the test says otherwise."""
    return {"NINEFOLD_EGRESS_ALLOW": LOOPBACK, **with_secrets_key(environment)}


async def create_key(database: Database, *, organisation: str) -> str:
    """Create an organisation; return a key of it."""
    async with database.transaction() as connection:
        created = await create_organisation(connection, name=organisation)
        return (await create_api_key(connection, organisation_id=created.organisation_id, name="test")).text


@asynccontextmanager
async def running_worker(database_url: str, environment: Mapping[str, str]) -> AsyncIterator[None]:
    """Run a worker until the block ends; it may send to this machine."""
    environment = _with_defaults(environment)
    settings = read_settings(CoreSettings, prefix="NINEFOLD_", environment=environment)
    stopping, hurrying = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(work(settings, environment, database_url=database_url, stopping=stopping, hurrying=hurrying))
        try:
            yield
        finally:
            stopping.set()
