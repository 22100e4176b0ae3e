"""`ninefold worker` when PostgreSQL hangs: it doesn't answer, and its connections stay open."""

import asyncio
import json
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import psutil
import pytest

from installations import clean_environment
from ninefold.core.postgres.embedded import EmbeddedPostgres
from ninefold.core.postgres.migrations import migrate
from ninefold.edge.systems import migration_sources
from ninefold.edge.worker import RELEASE_GRACE_PERIOD_S, STOP_GRACE_PERIOD_S

WITHIN_S = 60.0
MARGIN_S = 5.0
"""For busy machines."""


@pytest.fixture
def own_postgres(fast_dir: Path) -> Iterator[EmbeddedPostgres]:
    """A server that no other test uses."""
    folder = fast_dir / uuid4().hex
    with EmbeddedPostgres(folder, is_durable=False) as server:
        yield server
    shutil.rmtree(folder, ignore_errors=True)


async def test_a_worker_stops_even_if_the_database_does_not_answer(own_postgres: EmbeddedPostgres) -> None:
    await migrate_all(own_postgres.dsn())
    async with running_worker(own_postgres) as patient, running_worker(own_postgres) as hurried:
        with frozen(own_postgres):
            patient.send_signal(signal.SIGTERM)
            hurried.send_signal(signal.SIGTERM)
            await event_of(hurried, "worker.stopping")
            hurried.send_signal(signal.SIGTERM)

            await ends_overdue(hurried, timeout_s=RELEASE_GRACE_PERIOD_S + MARGIN_S)
            assert patient.returncode is None
            await ends_overdue(patient, timeout_s=STOP_GRACE_PERIOD_S + MARGIN_S)


async def ends_overdue(process: Process, *, timeout_s: float) -> None:
    async with asyncio.timeout(timeout_s):
        await event_of(process, "worker.stop.overdue")
        assert await process.wait() == 1


@asynccontextmanager
async def running_worker(postgres: EmbeddedPostgres) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ninefold", "worker"),
        env=clean_environment({"NINEFOLD_DATABASE_URL": postgres.dsn()}),
        stdin=DEVNULL,
        stderr=PIPE,
    )
    try:
        await event_of(process, "worker.started")
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def event_of(process: Process, name: str) -> None:
    """Read the log of the process up to this event."""
    assert process.stderr is not None
    async with asyncio.timeout(WITHIN_S):
        async for line in process.stderr:
            if json.loads(line)["event"] == name:
                return
    raise AssertionError(f"the process ended without {name}")


@contextmanager
def frozen(postgres: EmbeddedPostgres) -> Iterator[None]:
    """Suspend every process of the server."""
    postmaster = psutil.Process(postgres.pid)
    processes = [postmaster, *postmaster.children(recursive=True)]
    try:
        for process in processes:
            process.suspend()
        yield
    finally:
        for process in processes:
            process.resume()


async def migrate_all(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await migrate(connection, migration_sources())
    finally:
        await connection.close()
