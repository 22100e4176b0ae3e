"""`ninefold serve` by itself, when its outer process is killed."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil

from installations import alive_among, clean_environment, free_port, wait_until_free
from ninefold.edge.ports import is_ready

READY_WITHIN_S = 60.0
ENDED_WITHIN_S = 10.0


async def test_the_inner_process_ends_when_the_outer_one_is_killed(database_url: str) -> None:
    port = free_port()
    async with serving(database_url, port=port) as outer:
        inner = psutil.Process(outer.pid).children()
        assert len(inner) == 1

        outer.kill()
        await outer.wait()

        await wait_until_free(port)
        await wait_until_ended(inner)


@asynccontextmanager
async def serving(database_url: str, *, port: int) -> AsyncIterator[Process]:
    environment = clean_environment({"NINEFOLD_DATABASE_URL": database_url, "NINEFOLD_PORT": str(port)})
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ninefold", "serve"), env=environment, stdin=DEVNULL, stderr=DEVNULL
    )
    family: list[psutil.Process] = []
    try:
        async with asyncio.timeout(READY_WITHIN_S):
            while not await is_ready(f"http://127.0.0.1:{port}"):
                await asyncio.sleep(0.02)
        family = psutil.Process(process.pid).children(recursive=True)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        for orphan in alive_among(family):
            orphan.kill()


async def wait_until_ended(processes: list[psutil.Process]) -> None:
    async with asyncio.timeout(ENDED_WITHIN_S):
        while alive_among(processes):
            await asyncio.sleep(0.02)
