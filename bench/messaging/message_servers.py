"""The servers that are measured, each as a process, and the organisation that talks."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final, NamedTuple
from uuid import UUID

import psutil

from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.store import worker_count_alive
from ninefold.core.tenancy.service import create_organisation
from ninefold.systems.messaging.model import Member
from ninefold.systems.messaging.service.member_tokens import create_member_token
from ninefold.systems.messaging.service.members import create_member

START_WITHIN_S: Final = 60.0


class Talker(NamedTuple):
    """A member, and a token of it."""

    member: Member
    token: str


async def make_members(connection: Connection, *, count: int) -> list[Talker]:
    """Create an organisation with members, who are all in its channel `general`."""
    organisation = await create_organisation(connection, name="bench")
    made = []
    for number in range(count):
        member = await create_member(connection, organisation_id=organisation.organisation_id, name=f"member-{number}")
        token = await create_member_token(connection, member, principal=None, name="bench")
        made.append(Talker(member, token.text))
    return made


async def get_general_id(connection: Connection, organisation_id: UUID) -> UUID:
    """Return the channel that everybody is in."""
    query = "SELECT channel_id FROM messaging.channel WHERE organisation_id = $1 AND is_general"
    found: UUID = await connection.fetchval(query, organisation_id)
    return found


@asynccontextmanager
async def running_ninefold(database: Database, dsn: str) -> AsyncIterator[tuple[psutil.Process, int]]:
    """Run a server and a worker until the block ends; yield the server and its port."""
    port = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("NINEFOLD_")},
        "NINEFOLD_DATABASE_URL": dsn,
        "NINEFOLD_PORT": str(port),
    }
    async with (
        running(["-m", "ninefold", "worker"], None, environment),
        running(["-m", "ninefold", "serve"], port, environment) as server,
    ):
        async with asyncio.timeout(START_WITHIN_S), database.connection() as connection:
            while not await worker_count_alive(connection):
                await asyncio.sleep(0.05)
        yield server, port


@asynccontextmanager
async def running(
    arguments: Sequence[str], port: int | None, environment: dict[str, str] | None = None
) -> AsyncIterator[psutil.Process]:
    """Run a Python process until the block ends; wait until it listens."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(START_WITHIN_S):
            while port is not None and not await _is_open(port):
                await asyncio.sleep(0.05)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, START_WITHIN_S)


def cpu_s(process: psutil.Process) -> float:
    """Return the CPU time of a process and of those that it has started."""
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def _is_open(port: int) -> bool:
    with suppress(OSError):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        return True
    return False
