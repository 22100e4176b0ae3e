"""`ninefold up` runs jobs; whatever process is killed while one runs, nothing is lost or run twice silently."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import psutil
import pytest

from installations import Installation
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import notify_on_commit
from ninefold.systems.workflows.service.channels import JOBS_QUEUED
from workflow_runs import RunWorld

WITHIN_S = 60.0

WORKFLOW = """
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: |
          echo begun >> "{folder}/begun"
          while [ ! -e "{folder}/go" ]; do sleep 0.05; done
          echo went >> "{folder}/went"
"""


@pytest.fixture
async def installation(database_url: str, tmp_path: Path) -> AsyncIterator[Installation]:
    settings = {
        "NINEFOLD_DATABASE_URL": database_url,
        "NINEFOLD_WORKERS": "1",
        "NINEFOLD_WORKFLOWS_RUNNER_ISOLATION": "none",
        "NINEFOLD_WORKFLOWS_LEASE_S": "4",
    }
    async with Installation(tmp_path / "data", settings=settings) as started:
        yield started


async def push(database: Database, folder: Path) -> tuple[RunWorld, UUID]:
    world = await RunWorld(database).create()
    run_id = await world.start(WORKFLOW.replace("{folder}", str(folder)))
    async with database.transaction() as connection:
        await notify_on_commit(connection, JOBS_QUEUED, str(world.organisation_id))
    return world, run_id


async def wait_until_ended(world: RunWorld, run_id: UUID) -> str:
    async with asyncio.timeout(WITHIN_S):
        while not (run := await world.run(run_id)).is_ended:
            await asyncio.sleep(0.1)
    return run.status


async def wait_for_file(path: Path) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not path.exists():  # noqa: ASYNC240 - a look takes microseconds.
            await asyncio.sleep(0.05)


def kill(installation: Installation, argument: str) -> None:
    """Kill a process of the installation, and its children."""
    child = installation.child(argument)
    for process in [child, *child.children(recursive=True)]:
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue


async def test_a_killed_process_loses_nothing_and_runs_nothing_twice(
    installation: Installation, database: Database, tmp_path: Path
) -> None:
    world, run_id = await push(database, tmp_path)
    await wait_for_file(tmp_path / "begun")

    kill(installation, "serve")
    kill(installation, "worker")
    (tmp_path / "go").touch()

    assert await wait_until_ended(world, run_id) == "succeeded"
    assert (tmp_path / "begun").read_text() == "begun\n"
    assert (tmp_path / "went").read_text() == "went\n"


async def test_the_job_of_a_killed_runner_has_failed_and_says_so(
    installation: Installation, database: Database, tmp_path: Path
) -> None:
    world, run_id = await push(database, tmp_path)
    await wait_for_file(tmp_path / "begun")

    kill(installation, "workflows.runner")

    assert await wait_until_ended(world, run_id) == "failed"
    (job,) = (await world.jobs(run_id)).values()
    assert job.why.startswith("The runner was lost while the job ran.")
    assert (tmp_path / "begun").read_text() == "begun\n"

    (tmp_path / "go").touch()
    again = await world.start(WORKFLOW.replace("{folder}", str(tmp_path)))
    async with database.transaction() as connection:
        await notify_on_commit(connection, JOBS_QUEUED, str(world.organisation_id))
    assert await wait_until_ended(world, again) == "succeeded"
