"""A worker is killed while it runs jobs: another one continues them where they stopped, and none is lost."""

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import psutil
import pytest

from durable_jobs import Jobs
from e2e.job_worker import FREEZE, HELD_AT, STEPS, TABLES, TAKE_STEPS, Steps
from installations import clean_environment
from ninefold.core.ids import new_id
from ninefold.core.jobs import JobState, enqueue
from ninefold.core.postgres.database import Database

SCRIPT: Final = Path(__file__).with_name("job_worker.py")
JOBS: Final = 30
TAKEN_OVER_WITHIN_S: Final = 10.0

_HELD = f"SELECT count(*) FROM jobs.job WHERE kind LIKE 'test.%' AND state = 'running' AND progress_done = {HELD_AT}"
_RUNNING = "SELECT count(*) FROM jobs.job WHERE kind LIKE 'test.%' AND state = 'running'"
_UNFINISHED = "SELECT count(*) FROM jobs.job WHERE kind LIKE 'test.%' AND state <> 'succeeded'"


@pytest.fixture
def jobs(database: Database) -> Jobs:
    return Jobs(database)


@asynccontextmanager
async def running_worker(database_url: str) -> AsyncIterator[Process]:
    """Run the worker as a process during the `async with`."""
    environment = clean_environment({"NINEFOLD_DATABASE_URL": database_url})
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, SCRIPT), env=environment, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            # A suspended process gets the signal only when it is resumed.
            process.send_signal(signal.SIGCONT)
        await process.wait()


async def wait_for(database: Database, query: str, expected: int, *, timeout_s: float = 40.0) -> None:
    """Wait until a query returns the expected count."""
    async with asyncio.timeout(timeout_s), database.connection() as connection:
        while await connection.fetchval(query) != expected:
            await asyncio.sleep(0.05)


async def enqueue_jobs(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(TABLES)
        for _ in range(JOBS):
            await enqueue(connection, TAKE_STEPS, Steps(), organisation_id=new_id())


async def test_jobs_of_a_killed_worker_continue_where_they_stopped(
    database: Database, database_url: str, jobs: Jobs
) -> None:
    await enqueue_jobs(database)
    async with running_worker(database_url) as killed:
        await wait_for(database, _HELD, 20)
        killed.kill()
        await killed.wait()
    async with running_worker(database_url):
        # The gate opens only now, so the killed jobs have to continue in the middle.
        async with database.connection() as connection:
            await connection.execute("INSERT INTO gate DEFAULT VALUES")
        await wait_for(database, _UNFINISHED, 0)

    assert await jobs.states(TAKE_STEPS) == [JobState.SUCCEEDED] * JOBS
    async with database.connection() as connection:
        taken = await connection.fetch("SELECT job_id, step FROM taken")
        begun = await connection.fetch("SELECT attempt, step FROM begun")
    assert Counter(record["step"] for record in taken) == dict.fromkeys(range(STEPS), JOBS)
    assert len(set(taken)) == JOBS * STEPS
    assert Counter((record["attempt"], record["step"]) for record in begun) == {(1, 0): JOBS, (2, HELD_AT): 20}


async def test_the_job_of_a_worker_that_freezes_in_a_transaction_is_taken_over(
    database: Database, database_url: str, jobs: Jobs
) -> None:
    async with database.transaction() as connection:
        await connection.execute(TABLES)
        await enqueue(connection, FREEZE, Steps(), organisation_id=new_id())
    async with running_worker(database_url) as frozen:
        await wait_for(database, _RUNNING, 1)
        # The process suspends itself. Only the operating system knows when.
        await wait_until_frozen(frozen)
        async with database.connection() as connection:
            frozen_id = await connection.fetchval("SELECT worker_id FROM queue.worker")
        async with running_worker(database_url):
            await wait_for(database, f"SELECT count(*) FROM queue.worker WHERE worker_id <> '{frozen_id}'", 1)
            await wait_for(database, _UNFINISHED, 0, timeout_s=TAKEN_OVER_WITHIN_S)
            frozen.send_signal(signal.SIGCONT)
            async with asyncio.timeout(40):
                assert await frozen.wait() == 1

    assert await jobs.states(FREEZE) == [JobState.SUCCEEDED]
    async with database.connection() as connection:
        assert [record["step"] for record in await connection.fetch("SELECT step FROM taken")] == [2]


async def wait_until_frozen(process: Process) -> None:
    """Wait until the process is stopped."""
    async with asyncio.timeout(40):
        while psutil.Process(process.pid).status() != psutil.STATUS_STOPPED:
            await asyncio.sleep(0.02)


async def test_a_worker_that_stops_releases_its_jobs_without_using_up_an_attempt(
    database: Database, database_url: str, jobs: Jobs
) -> None:
    await enqueue_jobs(database)
    async with running_worker(database_url) as stopping:
        await wait_for(database, _HELD, 20)
        stopping.terminate()
        assert await stopping.wait() == 0

    assert await jobs.states(TAKE_STEPS) == [JobState.QUEUED] * JOBS
