"""A worker is killed while it erases an organisation: another one goes on, and nothing is left."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from ninefold.core.jobs import Job, JobState
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.service import create_organisation
from ninefold.edge.erasing import begin_erasure, find_erasure
from worker_processes import running_worker

EVENTS: Final = 60_000

_INSERT: Final = """
    INSERT INTO webhooks.event (
        event_id, organisation_id, event_type, payload, queued_deliveries, status, dispatched_at
    )
    SELECT uuidv7(), $1, 'order.created', '1', 0, 'dispatched', now()
    FROM generate_series(1, $2::integer)
"""


async def left(database: Database, organisation_id: UUID) -> int:
    async with database.connection() as connection:
        count: int = await connection.fetchval(
            "SELECT count(*) FROM webhooks.event WHERE organisation_id = $1", organisation_id
        )
    return count


async def job_of(database: Database, organisation_id: UUID) -> Job:
    async with database.connection() as connection:
        job = await find_erasure(connection, organisation_id=organisation_id)
    assert job is not None
    return job


async def test_an_erasure_goes_on_after_its_worker_was_killed(database: Database, database_url: str) -> None:
    async with database.transaction() as connection:
        organisation_id = (await create_organisation(connection, name="acme")).organisation_id
        other_id = (await create_organisation(connection, name="globex")).organisation_id
        for each, count in ((organisation_id, EVENTS), (other_id, 10)):
            await connection.execute(_INSERT, each, count)
        await begin_erasure(
            connection,
            organisation_id=organisation_id,
            confirmed_name="acme",
            requested_at=datetime.now(UTC) - timedelta(hours=1),
            settled_s=0,
        )

    async with running_worker(database_url) as killed, asyncio.timeout(60):
        while await left(database, organisation_id) == EVENTS:
            await asyncio.sleep(0.005)
        killed.kill()
        await killed.wait()
    assert 0 < await left(database, organisation_id) < EVENTS

    async with running_worker(database_url), asyncio.timeout(60):
        while (job := await job_of(database, organisation_id)).state is not JobState.SUCCEEDED:
            await asyncio.sleep(0.05)
    assert job.attempt_count == 2
    assert (await left(database, organisation_id), await left(database, other_id)) == (0, 10)
