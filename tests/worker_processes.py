"""Runs `ninefold worker` as a process of its own, for end-to-end tests."""

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from installations import clean_environment


@asynccontextmanager
async def running_worker(database_url: str, settings: Mapping[str, str] | None = None) -> AsyncIterator[Process]:
    """Run `ninefold worker` as a process of its own, for as long as the block lasts."""
    environment = clean_environment(
        {"NINEFOLD_DATABASE_URL": database_url, "NINEFOLD_EGRESS_ALLOW": "127.0.0.0/8", **(settings or {})}
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ninefold", "worker"), env=environment, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            # A suspended process gets the signal only when it continues.
            process.send_signal(signal.SIGCONT)
        await process.wait()
