"""Logs that have ended become blobs, and read the same as before."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from ninefold.core.blobs import Blobs
from ninefold.core.config import CoreSettings
from ninefold.core.postgres.database import Database
from ninefold.systems.workflows.fleet_errors import JobNotFoundError
from ninefold.systems.workflows.jobs.logs import archive_log
from ninefold.systems.workflows.service.fleet.log_pages import log_text, read_log
from ninefold.systems.workflows.store import job_logs
from workflow_fleet import FakeRunner, registration
from workflow_runs import RunWorld

ONE = """
on: push
jobs:
  build: {runs-on: ubuntu-latest, steps: [{run: make}]}
"""
LINES = 9_000


class EndedJob:
    """A job that has ended, with a long log."""

    def __init__(self, world: RunWorld, blobs: Blobs, job_id: UUID) -> None:
        self.world = world
        self.blobs = blobs
        self.job_id = job_id

    async def lines(self, after: int, limit: int) -> Sequence[tuple[int, str]]:
        page = await read_log(
            self.world.database,
            self.blobs,
            organisation_id=self.world.organisation_id,
            job_id=self.job_id,
            after=after,
            limit=limit,
        )
        assert (page.is_complete, page.last_line) == (True, LINES)
        return [(line.line, line.text) for line in page.lines]

    async def text(self) -> bytes:
        pieces = log_text(
            self.world.database, self.blobs, organisation_id=self.world.organisation_id, job_id=self.job_id
        )
        return b"".join([piece async for piece in pieces])

    async def archive(self) -> None:
        async with self.world.database.connection() as connection:
            log = await job_logs.job_log_find(connection, job_id=self.job_id)
        assert log is not None
        assert await archive_log(self.world.database, self.blobs, log)


@pytest.fixture
async def ended(database: Database, http: httpx.AsyncClient, tmp_path: Path) -> EndedJob:
    world = await RunWorld(database).create()
    run_id = await world.start(ONE)
    runner = await FakeRunner.register(http, await registration(database))
    job = await runner.begin()
    for batch in range(3):
        texts = [f"line {batch * 3_000 + number + 1} {'x' * 60}" for number in range(3_000)]
        await runner.report(job, batch + 1, *texts)
    await runner.finish(job)
    blobs = Blobs.of(CoreSettings(data_dir=tmp_path))
    return EndedJob(world, blobs, (await world.jobs(run_id))["build"].job_id)


async def test_an_archived_log_reads_the_same_from_any_line(ended: EndedJob) -> None:
    places = [(0, 5), (2_999, 3), (5_998, 1_000), (LINES - 1, 10), (LINES, 10)]
    pages = [await ended.lines(*place) for place in places]
    text = await ended.text()
    assert [len(page) for page in pages] == [5, 3, 1_000, 1, 0]
    assert pages[1][0] == (3_000, f"line 3000 {'x' * 60}")

    await ended.archive()

    assert [await ended.lines(*place) for place in places] == pages
    assert await ended.text() == text
    assert text.count(b"\n") == LINES
    async with ended.world.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM workflows.log_chunk") == 0


async def test_the_blob_of_a_deleted_run_is_taken_for_deletion(ended: EndedJob) -> None:
    await ended.archive()

    async with ended.world.database.transaction() as connection:
        await connection.execute("DELETE FROM workflows.run")
        orphans = await job_logs.orphaned_log_take(connection, limit=10)

    assert [organisation_id for _, organisation_id in orphans] == [ended.world.organisation_id]


async def test_another_organisation_reads_nothing(ended: EndedJob) -> None:
    other = await RunWorld(ended.world.database).create()

    with pytest.raises(JobNotFoundError):
        await read_log(
            ended.world.database,
            ended.blobs,
            organisation_id=other.organisation_id,
            job_id=ended.job_id,
            after=0,
            limit=1,
        )
