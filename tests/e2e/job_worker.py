"""A real worker process with a sample system that has two jobs.

One has ten steps, and saves its cursor with each of them. The other suspends its worker at the first attempt, inside a
transaction.
"""

import asyncio
import os
import signal
from typing import Any, Final

import msgspec

from ninefold.core.config import CoreSettings
from ninefold.core.jobs import JobHandler, JobKind, JobRun
from ninefold.core.system import WorkerContext
from ninefold.edge import worker
from ninefold.edge.systems import SYSTEMS

STEPS: Final = 10
HELD_AT: Final = 5
"""Before this step, a job waits until the test opens the gate."""


class Steps(msgspec.Struct, frozen=True):
    """The empty payload of the job."""


TAKE_STEPS: Final = JobKind(name="test.take_steps", payload=Steps)

FREEZE: Final = JobKind(name="test.freeze", payload=Steps)

TABLES: Final = """
    CREATE TABLE begun (job_id uuid NOT NULL, attempt integer NOT NULL, step integer NOT NULL);
    CREATE TABLE taken (job_id uuid NOT NULL, step integer NOT NULL);
    CREATE TABLE gate ();
"""


async def take_steps(job: JobRun[Steps], context: WorkerContext[Any]) -> None:
    """Do the remaining steps."""
    first = job.read_cursor(int) or 0
    async with context.database.connection() as connection:
        await connection.execute("INSERT INTO begun VALUES ($1, $2, $3)", job.job_id, job.attempt, first)
    for step in range(first, STEPS):
        if step == HELD_AT:
            await wait_for_gate(context)
        async with context.database.transaction() as connection:
            await connection.execute("INSERT INTO taken VALUES ($1, $2)", job.job_id, step)
            await job.save(connection, cursor=step + 1, done=step + 1, total=STEPS)


async def freeze(job: JobRun[Steps], context: WorkerContext[Any]) -> None:
    """Suspend this process, at the first attempt, in the transaction that saves the cursor."""
    async with context.database.transaction() as connection:
        await connection.execute("INSERT INTO taken VALUES ($1, $2)", job.job_id, job.attempt)
        await job.save(connection, cursor=job.attempt, done=job.attempt)
        if job.attempt == 1:
            os.kill(os.getpid(), signal.SIGSTOP)


async def wait_for_gate(context: WorkerContext[Any]) -> None:
    """Wait until the gate is open."""
    while True:
        async with context.database.connection() as connection:
            if await connection.fetchval("SELECT EXISTS (SELECT 1 FROM gate)"):
                return
        await asyncio.sleep(0.05)


def main() -> None:
    """Run the worker until it is stopped."""
    system = msgspec.structs.replace(
        SYSTEMS[0], schedules=(), job_handlers=(JobHandler(TAKE_STEPS, take_steps), JobHandler(FREEZE, freeze))
    )
    vars(worker)["SYSTEMS"] = (system,)
    worker.run_worker(CoreSettings(), database_url=os.environ["NINEFOLD_DATABASE_URL"], metrics_port=None)


if __name__ == "__main__":
    main()
