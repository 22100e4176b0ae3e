"""A server and workers with the scripted engine, as processes on an embedded PostgreSQL, for benchmarks."""

import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from ninefold.core.postgres.database import Database
from ninefold.core.postgres.embedded import EmbeddedPostgres
from ninefold.core.postgres.migrations import migrate
from ninefold.core.queue.store import worker_count_alive
from ninefold.core.tenancy.service import create_api_key, create_organisation
from ninefold.edge.systems import migration_sources
from ninefold.systems.assistant.engines.port import Generation
from ninefold.systems.assistant.engines.scripted import MODEL
from ninefold.systems.assistant.model import PromptMessage

READY_WITHIN_S: Final = 90.0
STOP_WITHIN_S: Final = 30.0


class Installation:
    """A server and workers that can be killed and started again.

    Args:
        dsn: of a migrated database.
        api_key: for requests.
        concurrency: how many responses a worker generates at once.
    """

    def __init__(self, dsn: str, *, api_key: str, concurrency: int) -> None:
        self.port = _free_port()
        self._dsn = dsn
        self.url = f"http://127.0.0.1:{self.port}"
        self.api_key = api_key
        self.server: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("NINEFOLD_")}
        self._environment = {
            **inherited,
            "NINEFOLD_DATABASE_URL": dsn,
            "NINEFOLD_PORT": str(self.port),
            "NINEFOLD_ASSISTANT_ENGINE": "scripted",
            "NINEFOLD_ASSISTANT_CONCURRENCY": str(concurrency),
            "NINEFOLD_ASSISTANT_TOKENS_PER_MINUTE": "0",
            "NINEFOLD_ASSISTANT_QUEUED_MAX": "1000",
        }

    async def start_server(self) -> None:
        """Start the server, and wait until it is ready."""
        self.server = self._start("serve")
        async with asyncio.timeout(READY_WITHIN_S), httpx.AsyncClient(trust_env=False) as http:
            while True:
                try:
                    if (await http.get(f"{self.url}/readyz")).is_success:
                        return
                except httpx.TransportError:
                    await asyncio.sleep(0.05)

    def start_worker(self) -> None:
        """Start another worker."""
        self.workers.append(self._start("worker"))

    async def wait_for_workers(self) -> None:
        """Wait until all workers can claim, about a second after their start, which is no part of a measurement."""
        database = await Database.connect(self._dsn, application_name="ninefold bench")
        async with asyncio.timeout(READY_WITHIN_S), database.connection() as connection:
            while await worker_count_alive(connection) < len(self.workers):
                await asyncio.sleep(0.05)
        await database.close()

    async def kill_server(self) -> None:
        """Kill the server, and start it again."""
        assert self.server is not None
        os.killpg(self.server.pid, signal.SIGKILL)
        await asyncio.to_thread(self.server.wait)
        async with asyncio.timeout(READY_WITHIN_S):
            while _is_taken(self.port):
                await asyncio.sleep(0.02)
        await self.start_server()

    async def kill_worker(self, number: int) -> None:
        """Kill a worker, and start another one."""
        worker = self.workers.pop(number)
        worker.kill()
        await asyncio.to_thread(worker.wait)
        self.start_worker()

    async def stop(self) -> None:
        """Stop all processes."""
        running = [*self.workers, *([] if self.server is None else [self.server])]
        for process in running:
            process.terminate()
        for process in running:
            await asyncio.to_thread(process.wait, STOP_WITHIN_S)

    def _start(self, command: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "ninefold", command],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


@asynccontextmanager
async def running(folder: Path, *, workers: int, concurrency: int) -> AsyncIterator[Installation]:
    """Run an installation until the block ends."""
    with EmbeddedPostgres(folder) as postgres:
        database = await Database.connect(postgres.dsn(), application_name="ninefold bench")
        async with database.transaction() as connection:
            await migrate(connection, migration_sources())
        async with database.transaction() as connection:
            organisation = await create_organisation(connection, name="bench")
            key = await create_api_key(connection, organisation_id=organisation.organisation_id, name="bench")
        await database.close()
        installation = Installation(postgres.dsn(), api_key=key.text, concurrency=concurrency)
        try:
            await installation.start_server()
            for _ in range(workers):
                installation.start_worker()
            await installation.wait_for_workers()
            yield installation
        finally:
            await installation.stop()


def script(**fields: Any) -> str:
    """Return the message that has the scripted engine answer in a certain way."""
    return f"script: {json.dumps(fields)}"


def generation(message: str, *, tokens: int) -> Generation:
    """Return what the worker asks the engine for a message."""
    return Generation(model=MODEL, messages=[PromptMessage(role="user", text=message)], max_tokens=tokens)


def dice_of(seed: int) -> random.Random:
    """Return the source of all that is random in a run."""
    return random.Random(seed)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
