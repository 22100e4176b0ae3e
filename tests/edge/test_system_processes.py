"""Processes that systems add: started by the first request, restarted when they die or hang, ended by `stop`."""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from ninefold.core.processes import ProcessAddress, ProcessFolder, SystemProcess
from ninefold.core.system import NoSettings
from ninefold.edge import children, system_processes
from ninefold.edge.children import Child
from ninefold.edge.system_processes import ProcessKeeper

WITHIN_S = 20.0
ECHO = """
import os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.bind(sys.argv[1])
    server.listen()
    os.rename(sys.argv[1], sys.argv[2])
    while True:
        connection, _ = server.accept()
        connection.sendall(str(os.getpid()).encode())
        connection.close()
"""


@pytest.fixture(autouse=True)
def short_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "RESTART_DELAY_S_MIN", 0.01)
    monkeypatch.setattr(system_processes, "CHECK_INTERVAL_S", 0.02)
    monkeypatch.setattr(system_processes, "TAKE_OVER_INTERVAL_S", 0.02)


@pytest.fixture
def address() -> Iterator[ProcessAddress]:
    with tempfile.TemporaryDirectory(prefix="nf") as folder:
        yield ProcessFolder.of(Path(folder)).address("notes.echo")


async def test_a_process_runs_from_the_first_ring_until_it_is_stopped(address: ProcessAddress) -> None:
    async with keeping(address) as keeper:
        await until(address.start_socket.exists)
        assert keeper.process_id() is None

        process_id = await ask(address)

        assert process_id == keeper.process_id()
    assert not psutil.pid_exists(process_id)
    assert not address.ready_socket.exists()
    assert not address.request_start()


async def test_a_process_that_died_is_started_again(address: ProcessAddress) -> None:
    async with keeping(address):
        first = await ask(address)

        os.kill(first, signal.SIGKILL)

        await until(lambda: not psutil.pid_exists(first))
        assert await ask(address) != first


async def test_a_process_that_hangs_is_killed_and_started_again(address: ProcessAddress) -> None:
    async with keeping(address, hangs_after_s=0.2):
        first = await ask(address)

        os.kill(first, signal.SIGSTOP)

        await until(lambda: not psutil.pid_exists(first))
        assert await ask(address) != first


async def test_a_process_that_does_not_become_ready_is_killed(address: ProcessAddress) -> None:
    async with keeping(address, code="import time; time.sleep(600)", ready_within_s=0.3) as keeper:
        await until(address.request_start)
        await until(lambda: keeper.process_id() is not None)
        first = keeper.process_id()

        await until(lambda: keeper.process_id() not in (None, first))


async def test_another_supervisor_with_the_same_folder_takes_over_when_the_first_one_stops(
    address: ProcessAddress,
) -> None:
    async with keeping(address):
        await until(address.start_socket.exists)
        second = keeping(address)
        keeper = await second.__aenter__()
        first_id = await ask(address)
        assert keeper.process_id() is None
    try:
        await until(address.start_socket.exists)
        assert await ask(address) != first_id
    finally:
        await second.__aexit__(None, None, None)


class Keeper(ProcessKeeper):
    """With its child, for tests."""

    child: Child

    def process_id(self) -> int | None:
        """Return the id of the process that runs now."""
        return self.child.process_id


@asynccontextmanager
async def keeping(address: ProcessAddress, *, code: str = ECHO, **fields: Any) -> AsyncIterator[Keeper]:
    process = SystemProcess[NoSettings](
        name=address.name, run=lambda _: None, check=check, is_needed=lambda _: True, **fields
    )
    child = Child(
        name=address.name,
        command=[sys.executable, "-c", code, str(address.starting_socket), str(address.ready_socket)],
        environment=dict(os.environ),
        grace_period_s=5,
        on_end=lambda _: address.remove_sockets(),
    )
    keeper = Keeper(process, child, address)
    keeper.child = child
    running = asyncio.create_task(keeper.run(asyncio.Event()))
    try:
        yield keeper
    finally:
        keeper.stop()
        await asyncio.wait_for(running, WITHIN_S)


async def check(address: ProcessAddress) -> None:
    reader, writer = await asyncio.open_unix_connection(address.ready_socket)
    try:
        assert await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


async def ask(address: ProcessAddress) -> int:
    """Ask for a start until the process answers; return its id."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(address.ready_socket)
            except OSError:
                address.request_start()
                await asyncio.sleep(0.01)
                continue
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
            return int(answer)


async def until(condition: Any) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not condition():
            await asyncio.sleep(0.01)
