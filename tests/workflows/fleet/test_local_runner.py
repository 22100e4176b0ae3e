"""The runner of `ninefold up` is started for a job that is queued, and not before."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ninefold.core.postgres.database import Database
from ninefold.core.processes import ProcessAddress
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.workflows.fleet.local_runner import LocalRunnerStarter
from workflow_runs import RunWorld

WITHIN_S = 30.0

BUILD = """
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps: [{run: "true"}]
"""


@pytest.fixture
def address() -> Iterator[ProcessAddress]:
    # The path of a socket has to be short.
    with TemporaryDirectory() as folder:
        yield ProcessAddress(folder=Path(folder), name="workflows.runner")


@pytest.fixture
def requests(address: ProcessAddress) -> Iterator[socket.socket]:
    with address.listen_for_start_requests() as listening:
        yield listening


@pytest.fixture
async def starter(
    database: Database, address: ProcessAddress, requests: socket.socket, tmp_path: Path
) -> AsyncIterator[LocalRunnerStarter]:
    del requests
    made = LocalRunnerStarter(database, Notifier(database), address=address, token_file=tmp_path / "token")
    stopping = asyncio.Event()
    running = asyncio.create_task(made.run(stopping))
    yield made
    stopping.set()
    await running


async def count_requests(requests: socket.socket) -> int:
    """Wait for a request to start the runner; return how many there are."""
    async with asyncio.timeout(WITHIN_S):
        count = len(await asyncio.get_running_loop().sock_recv(requests, 16))
    while True:
        try:
            count += len(requests.recv(16))
        except BlockingIOError:
            return count


async def looked(starter: LocalRunnerStarter) -> None:
    """Let it find out whether a job is queued, as whenever the server begins to listen."""
    starter._on_queued(None)
    async with asyncio.timeout(WITHIN_S):
        while starter._unsure.is_set():
            await asyncio.sleep(0.01)


async def test_without_a_queued_job_it_is_not_started(starter: LocalRunnerStarter, requests: socket.socket) -> None:
    await looked(starter)
    await looked(starter)

    starter._on_queued(["org_1"])

    assert await count_requests(requests) == 1


async def test_a_job_whose_notification_was_lost_starts_it(
    starter: LocalRunnerStarter, requests: socket.socket, database: Database
) -> None:
    await looked(starter)
    world = await RunWorld(database).create()
    await world.start(BUILD)

    await looked(starter)

    assert await count_requests(requests) == 1
