"""An installation to measure: a database, `ninefold serve` and `ninefold worker`, used only through the HTTP API."""

import asyncio
import os
import socket
import subprocess
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, Final

import asyncpg
import msgspec
import psutil
from cpu_time import CpuTimes, tree_cpu_s

from ninefold.core.egress import AddressPolicy, EgressClient, parse_target
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.embedded import EmbeddedPostgres
from ninefold.core.postgres.embedded.cluster import ROLE, SUPERUSER
from ninefold.core.postgres.migrations import migrate
from ninefold.core.tenancy.service import ensure_first_organisation
from ninefold.edge.ports import is_ready
from ninefold.edge.processes import ninefold_command
from ninefold.edge.systems import migration_sources

LOOPBACK: Final = "127.0.0.0/8"
REQUEST_TIMEOUT_S: Final = 30.0
READY_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 30.0
POLL_S: Final = 0.1

_CREATED: Final = range(200, 300)
_database_numbers: Final = count(1)


class Api:
    """The HTTP API, used by one organisation."""

    def __init__(self, client: EgressClient, *, url: str, api_key: str) -> None:
        self._client = client
        self._url = url
        self._headers = [("authorization", f"Bearer {api_key}"), ("content-type", "application/json")]

    async def post(self, path: str, body: bytes) -> Any:
        """Post a JSON document to a path below `/api/v1`; return the decoded response.

        Raises:
            RuntimeError: it is refused.
        """
        response = await self._client.request(
            "POST",
            parse_target(f"{self._url}/api/v1{path}"),
            headers=self._headers,
            body=body,
            timeout_s=REQUEST_TIMEOUT_S,
        )
        if response.status not in _CREATED:
            raise RuntimeError(f"POST {path} was answered with {response.status}: {response.body[:500]!r}")
        return msgspec.json.decode(response.body)

    async def subscribe(self, url: str, *, event_type: str, ordering: str = "none") -> str:
        """Create a subscription; return its secret."""
        body = {"url": url, "event_types": [event_type], "ordering": ordering}
        made = await self.post("/subscriptions", msgspec.json.encode(body))
        secret: str = made["secret"]
        return secret


class Installation:
    """A running installation.

    Args:
        api: for its only organisation.
        database: a pool of one connection, for the benchmark's own queries.
        server: the process of `ninefold serve`.
        worker: the process of `ninefold worker`.
        postgres_pid: the server process of PostgreSQL.
    """

    def __init__(
        self, api: Api, database: Database, *, server: psutil.Process, worker: psutil.Process, postgres_pid: int
    ) -> None:
        self.api: Final = api
        self.database: Final = database
        self.worker: Final = worker
        self._server = server
        self._postgres_pid = postgres_pid

    async def cpu_times(self) -> CpuTimes:
        """Return the CPU time of all its processes until now, without that of the benchmark's own queries."""
        async with self.database.connection() as connection:
            own_pid = await connection.fetchval("SELECT pg_backend_pid()")
        return CpuTimes(
            server=tree_cpu_s(self._server.pid),
            worker=tree_cpu_s(self.worker.pid),
            postgresql=tree_cpu_s(self._postgres_pid, excluded_pids={own_pid}),
        )


@asynccontextmanager
async def running_installation(
    postgres: EmbeddedPostgres, *, settings: Mapping[str, str] | None = None
) -> AsyncIterator[Installation]:
    """Run an installation with a new database; loopback addresses are allowed, and nothing is left of it afterwards.

    Args:
        postgres: the running PostgreSQL.
        settings: environment variables of the server and the worker, in addition to the defaults.
    """
    async with _new_database(postgres) as dsn:
        database = await Database.connect(dsn, application_name="ninefold bench", connections_max=1)
        api_key = await _prepare(database)
        port = _free_port()
        url = f"http://127.0.0.1:{port}"
        environment = {
            **os.environ,
            "NINEFOLD_DATABASE_URL": dsn,
            "NINEFOLD_PORT": str(port),
            "NINEFOLD_EGRESS_ALLOW": LOOPBACK,
            "NINEFOLD_SECRETS_KEY": b64encode(bytes(32)).decode(),
            **(settings or {}),
        }
        server, worker = _start("serve", environment), _start("worker", environment)
        client = EgressClient(AddressPolicy.from_cidrs([LOOPBACK]))
        try:
            await _wait_until_ready(url)
            assert postgres.pid is not None, "PostgreSQL runs"
            yield Installation(
                Api(client, url=url, api_key=api_key),
                database,
                server=psutil.Process(server.pid),
                worker=psutil.Process(worker.pid),
                postgres_pid=postgres.pid,
            )
        finally:
            await client.aclose()
            await database.close()
            # With SIGTERM, the worker would wait for attempts in flight.
            worker.kill()
            server.terminate()
            for process in (worker, server):
                await asyncio.to_thread(process.wait, STOP_TIMEOUT_S)


@asynccontextmanager
async def _new_database(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """Create a database and yield its address; then drop it."""
    name = f"bench_{next(_database_numbers)}"
    administrator = await asyncpg.connect(postgres.dsn(role=SUPERUSER, database="postgres"))
    try:
        await administrator.execute(f"CREATE DATABASE {name} OWNER {ROLE}")
        yield postgres.dsn(database=name)
        await administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await administrator.close()


async def _prepare(database: Database) -> str:
    """Create the tables and an organisation; return its API key."""
    async with database.connection() as connection:
        await migrate(connection, migration_sources())
    async with database.transaction() as connection:
        created = await ensure_first_organisation(connection)
    assert created is not None, "a new database has no organisation"
    return created.text


def _start(command: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ninefold_command(command), env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


async def _wait_until_ready(url: str) -> None:
    async with asyncio.timeout(READY_TIMEOUT_S):
        while not await is_ready(url):
            await asyncio.sleep(POLL_S)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
