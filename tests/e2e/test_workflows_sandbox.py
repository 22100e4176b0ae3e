"""`ninefold up` runs jobs in sandboxes: nothing has to be set for it, and jobs of other organisations see nothing."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from installations import Installation
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import notify_on_commit
from ninefold.systems.workflows.service.channels import JOBS_QUEUED
from ninefold.systems.workflows.service.fleet.logs import decode_lines
from ninefold.systems.workflows.store import job_logs
from workflow_runs import RunWorld

WITHIN_S = 60.0

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("bwrap") is None,
    reason="jobs are isolated only by root, with bubblewrap: scripts/bubblewrap installs it",
)

WORKFLOW = """
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    outputs: {uid: "${{ steps.who.outputs.uid }}"}
    steps:
      - {id: who, run: 'echo "uid=$(id -u)" >> "$GITHUB_OUTPUT"; echo "server $GITHUB_SERVER_URL"'}
      - run: test ! -e "{folder}" && echo hidden
  after:
    needs: build
    runs-on: ubuntu-latest
    steps: [{run: 'echo "before: ${{ needs.build.outputs.uid }}, now: $(id -u)"; ! curl -s http://127.0.0.1:{port}/'}]
"""


@pytest.fixture
async def installation(database_url: str, tmp_path: Path) -> AsyncIterator[Installation]:
    settings = {"NINEFOLD_DATABASE_URL": database_url, "NINEFOLD_WORKERS": "1"}
    async with Installation(tmp_path / "data", settings=settings) as started:
        yield started


async def run_to_end(database: Database, world: RunWorld, workflow: str) -> UUID:
    run_id = await world.start(workflow)
    async with database.transaction() as connection:
        await notify_on_commit(connection, JOBS_QUEUED, str(world.organisation_id))
    async with asyncio.timeout(WITHIN_S):
        while not (await world.run(run_id)).is_ended:
            await asyncio.sleep(0.1)
    return run_id


async def log_of(database: Database, job_id: UUID) -> list[str]:
    async with database.connection() as connection:
        chunks = await job_logs.log_chunk_list(connection, job_id=job_id, after=0, limit=100)
    return [line.text for chunk in chunks for line in decode_lines(chunk.content)]


async def test_jobs_of_two_organisations_run_as_two_users_without_a_network(
    installation: Installation, database: Database, tmp_path: Path
) -> None:
    workflow = WORKFLOW.replace("{folder}", str(tmp_path)).replace("{port}", str(installation.port))
    users = []
    for world in [await RunWorld(database).create() for _ in range(2)]:
        run_id = await run_to_end(database, world, workflow)
        jobs = await world.jobs(run_id)
        logs = {key: await log_of(database, job.job_id) for key, job in jobs.items()}
        assert (await world.run(run_id)).status == "succeeded", logs
        assert "server http://ninefold.localhost:8080" in logs["build"]
        assert "hidden" in logs["build"]
        users.append(next(line for line in logs["after"] if line.startswith("before: ")))
    assert len(set(users)) == 2, users
    assert all(line.split()[1].rstrip(",") == line.split()[-1] for line in users)
