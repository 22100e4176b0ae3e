"""Alive, ready, and the numbers."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NoReturn

import httpx
import pytest

from ninefold.core import queue, tenancy
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.postgres.migrations import MigrationSource, migrate
from ninefold.core.web.application import create_app
from ninefold.core.web.operations import database_readiness

SOURCES = [tenancy.MIGRATIONS, queue.MIGRATIONS]


@pytest.fixture
async def empty_database(empty_database_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(empty_database_url, application_name="ninefold-test")
    yield database
    await database.close()


async def ask_readiness(
    database: Database, *, sources: Sequence[MigrationSource] = SOURCES, timeout_s: float = 2.0
) -> httpx.Response:
    app = create_app(
        database=database,
        surfaces=[],
        readiness=[database_readiness(database, sources, timeout_s=timeout_s)],
        title="Empty",
        version="1",
    )
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # Litestar's scope is typed more narrowly.
    async with httpx.AsyncClient(transport=transport, base_url="http://empty.test") as client:
        return await client.get("/readyz")


async def test_a_process_that_lives_says_so(anonymous: httpx.AsyncClient) -> None:
    response = await anonymous.get("/healthz")

    assert response.status_code == 200
    assert response.json() == {"status": "alive"}


async def test_a_migrated_database_is_ready(empty_database: Database) -> None:
    async with empty_database.connection() as connection:
        await migrate(connection, SOURCES)

    response = await ask_readiness(empty_database)

    assert response.status_code == 200
    assert response.json() == {"status": "ready"}


async def test_pending_migrations_are_named(empty_database: Database) -> None:
    async with empty_database.connection() as connection:
        await migrate(connection, [tenancy.MIGRATIONS])

    response = await ask_readiness(empty_database)

    assert response.status_code == 503
    assert response.json()["code"] == "not_ready"
    assert response.json()["detail"] == "Migrations are pending: queue/0001_queue.sql."
    assert response.json()["remedy"] == "Run `ninefold migrate`."
    assert response.headers["retry-after"] == "2"


async def test_a_database_that_a_newer_version_upgraded_is_not_ready(empty_database: Database) -> None:
    async with empty_database.connection() as connection:
        await migrate(connection, SOURCES)

    response = await ask_readiness(empty_database, sources=[tenancy.MIGRATIONS])

    assert response.status_code == 503
    assert "0001_queue.sql" in response.json()["detail"]


async def test_a_database_that_does_not_answer_is_not_waited_for(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    @asynccontextmanager
    async def hang(_: Database) -> AsyncIterator[Connection]:
        yield await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(Database, "connection", hang)

    async with asyncio.timeout(5):
        response = await ask_readiness(empty_database, timeout_s=0.05)

    assert response.status_code == 503
    assert "0.05 s" in response.json()["detail"]


async def test_a_database_that_cannot_be_reached_is_not_ready_and_its_address_is_not_told(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Database) -> NoReturn:
        raise DatabaseUnavailableError("PostgreSQL is away: 10.1.2.3.", field="NINEFOLD_DATABASE_URL")

    monkeypatch.setattr(Database, "connection", fail)

    response = await ask_readiness(empty_database)

    assert response.status_code == 503
    assert response.json()["detail"] == "The database doesn't answer within 2 s."
    assert response.json()["code"] == "not_ready"


async def test_a_closed_database_is_not_ready(empty_database: Database) -> None:
    await empty_database.close()

    response = await ask_readiness(empty_database)

    assert response.status_code == 503


async def test_the_metrics_are_prometheuss_text(anonymous: httpx.AsyncClient) -> None:
    await anonymous.get("/healthz")

    response = await anonymous.get("/metrics")

    assert response.headers["content-type"].startswith("text/plain; version=")
    assert 'ninefold_http_requests_total{method="GET",route="/healthz",status="200"}' in response.text
