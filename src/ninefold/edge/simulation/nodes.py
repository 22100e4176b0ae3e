"""Two servers and a worker as processes on one PostgreSQL; each of them can be killed and started again."""

import asyncio
import os
import random
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import httpx

from ninefold.core.postgres.database import Database
from ninefold.core.postgres.embedded import EmbeddedPostgres
from ninefold.core.postgres.migrations import migrate
from ninefold.core.tenancy.service import create_api_key, create_organisation
from ninefold.edge.processes import ninefold_command
from ninefold.edge.systems import migration_sources

READY_WITHIN_S: Final = 120.0
STOP_WITHIN_S: Final = 30.0
SERVERS: Final = 2
NAMES: Final = (*(f"server {number}" for number in range(SERVERS)), "worker")
DOWN_S: Final = (0.0, 5.0)
"""How long a killed process stays away: now and then longer than the gap that counts as an outage."""

PROGRESS_POLL_S: Final = 0.02


class Nodes:
    """The processes.

    Args:
        dsn: of a migrated database.
        api_key: for requests.
        names: which of them run.
        settings: of all of them.
    """

    def __init__(
        self, dsn: str, *, api_key: str, names: Sequence[str] = NAMES, settings: Mapping[str, str] | None = None
    ) -> None:
        self.dsn: Final = dsn
        self.api_key: Final = api_key
        self.names: Final = list(names)
        """What can be killed."""
        self._ports: Final = [_free_port() for _ in range(SERVERS)]
        self.urls: Final = [f"http://127.0.0.1:{port}" for port in self._ports]
        self._settings: Final = settings or {}
        self._commands: Final[dict[str, Sequence[str]]] = {"worker": ["worker"]}
        self._processes: Final[dict[str, asyncio.subprocess.Process]] = {}

    async def add(self, name: str, *arguments: str) -> None:
        """Start another process of `ninefold`, which can be killed too."""
        self._commands[name] = arguments
        self.names.append(name)
        await self.start(name)

    async def start(self, name: str) -> None:
        """Start a process, and wait until a server is ready."""
        command, _, number = name.partition(" ")
        port = self._ports[int(number or 0)]
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("NINEFOLD_")}
        self._processes[name] = await asyncio.create_subprocess_exec(
            *ninefold_command(*(["serve"] if command == "server" else self._commands[name])),
            env={**inherited, **self._settings, "NINEFOLD_DATABASE_URL": self.dsn, "NINEFOLD_PORT": str(port)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        if command == "server":
            await _wait_until_ready(self.urls[int(number)])

    async def start_missing(self) -> None:
        """Start all processes that don't run."""
        await asyncio.gather(*[self.start(name) for name in self.names if name not in self._processes])

    async def kill(self, name: str) -> None:
        """Kill a process with its children, and wait until its port is free."""
        process = self._processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        command, _, number = name.partition(" ")
        if command == "server":
            async with asyncio.timeout(READY_WITHIN_S):
                while _is_taken(self._ports[int(number)]):  # noqa: ASYNC110  # a port gives no notification.
                    await asyncio.sleep(0.02)

    async def stop(self) -> None:
        """Stop all processes."""
        for process in self._processes.values():
            # It may have ended by itself; the others are stopped all the same.
            with suppress(ProcessLookupError):
                process.terminate()
        for process in self._processes.values():
            async with asyncio.timeout(STOP_WITHIN_S):
                await process.wait()


@asynccontextmanager
async def running_nodes(
    folder: Path, *, names: Sequence[str] = NAMES, settings: Mapping[str, str] | None = None
) -> AsyncIterator[Nodes]:
    """Run processes on a new database until the block ends: all of them, or some."""
    with EmbeddedPostgres(folder) as postgres:
        database = await Database.connect(postgres.dsn(), application_name="ninefold chaos")
        async with database.transaction() as connection:
            await migrate(connection, migration_sources())
        async with database.transaction() as connection:
            organisation = await create_organisation(connection, name="chaos")
            key = await create_api_key(connection, organisation_id=organisation.organisation_id, name="chaos")
        await database.close()
        nodes = Nodes(postgres.dsn(), api_key=key.text, names=names, settings=settings)
        try:
            await nodes.start_missing()
            yield nodes
        finally:
            await nodes.stop()


async def kill_at(
    moments: Iterable[float],
    nodes: Nodes,
    dice: random.Random,
    *,
    progress: Callable[[], float],
    on_kill: Callable[[str], None],
) -> None:
    """Kill processes, each when a simulation has come so far, and start them again.

    Args:
        moments: how far it has come at each kill, ascending.
        nodes: the processes.
        dice: decides which process is killed, now and then all of them, and for how long.
        progress: how far the simulation has come.
        on_kill: is told what was killed.
    """
    for moment in moments:
        victims = dice.choice([*([name] for name in nodes.names), nodes.names])
        down_s = dice.uniform(*DOWN_S)
        while progress() < moment:  # noqa: ASYNC110  # the simulation has no notification for it.
            await asyncio.sleep(PROGRESS_POLL_S)
        on_kill("all" if len(victims) > 1 else victims[0])
        await asyncio.gather(*[nodes.kill(name) for name in victims])
        await asyncio.sleep(down_s)
        await asyncio.gather(*[nodes.start(name) for name in victims])


async def _wait_until_ready(url: str) -> None:
    async with asyncio.timeout(READY_WITHIN_S), httpx.AsyncClient(trust_env=False) as http:
        while True:
            try:
                if (await http.get(f"{url}/readyz")).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
