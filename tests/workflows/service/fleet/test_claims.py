"""Claims in PostgreSQL: fair and quick whatever the backlog is, exact with several servers at once."""

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Database
from ninefold.systems.workflows.model.fleet import FreeRunner
from ninefold.systems.workflows.model.shares import SetShare
from ninefold.systems.workflows.service.fleet.claims import Claims, claim_jobs
from ninefold.systems.workflows.service.fleet.shares import apply_shares
from workflow_runs import RunWorld

ONE = """
on: push
jobs:
  build: {runs-on: ubuntu-latest, steps: [{run: make}]}
"""


@pytest.fixture
async def world(database: Database) -> RunWorld:
    return await RunWorld(database).create()


@pytest.fixture
async def other(database: Database) -> RunWorld:
    return await RunWorld(database).create()


async def flood(world: RunWorld, *, jobs: int, labels: str = "ubuntu-latest") -> None:
    """Queue many jobs, as copies of the only job of a run."""
    run_id = await world.start(ONE)
    async with world.database.transaction() as connection:
        await connection.execute(
            """
            INSERT INTO workflows.job (job_id, organisation_id, repository_id, run_id, attempt, key, name, labels,
                planned, status, created_at, queued_at)
            SELECT gen_random_uuid(), organisation_id, repository_id, run_id, attempt, key || number, name, $3::text[],
                planned, 'queued', created_at, queued_at
            FROM workflows.job CROSS JOIN generate_series(1, $2) AS number
            WHERE run_id = $1
            """,
            run_id,
            jobs,
            [labels],
        )


async def claim(database: Database, *, slots: int = 1, jobs_max: int = 10_000, labels: str = "ubuntu-latest") -> Claims:
    runner = FreeRunner(
        runner_id=new_id(), organisation_id=None, labels=frozenset({labels}), runner_group="", slots=slots
    )
    async with database.transaction() as connection:
        return await claim_jobs(
            connection,
            [runner],
            names={runner.runner_id: "fake"},
            jobs_max=jobs_max,
            lease=timedelta(minutes=1),
            at=datetime.now(UTC),
        )


async def organisations_of(database: Database, claims: Claims) -> Counter[UUID]:
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT organisation_id FROM workflows.job WHERE job_id = ANY($1)", [each.job_id for each in claims.claimed]
        )
    return Counter(row["organisation_id"] for row in rows)


async def test_a_flood_of_one_organisation_does_not_delay_another(
    database: Database, world: RunWorld, other: RunWorld
) -> None:
    await flood(world, jobs=1_000)
    await claim(database, slots=4)
    run_id = await other.start(ONE)

    began_at = time.perf_counter()
    claims = await claim(database, slots=2)

    assert time.perf_counter() - began_at < 10
    assert (await organisations_of(database, claims))[other.organisation_id] == 1
    (job,) = (await other.jobs(run_id)).values()
    assert job.lease_expires_at is not None


async def test_the_cost_of_a_claim_does_not_grow_with_the_backlog(
    database: Database, world: RunWorld, other: RunWorld
) -> None:
    """What is read is bounded: the first jobs of each set of labels, also if the first thousand need another runner."""
    await flood(world, jobs=2_000, labels="gpu")
    await other.start(ONE)
    await claim(database)
    async with database.connection() as connection:
        await connection.execute("ANALYZE workflows.job")
        plan = await connection.fetchval(
            """
            EXPLAIN (ANALYZE, FORMAT JSON)
            SELECT job_id FROM workflows.job
            WHERE organisation_id = $1 AND coalesce(runner_group, '') = '' AND labels = '{ubuntu-latest}'
                AND status = 'queued' AND lease_expires_at IS NULL
            ORDER BY priority DESC, queued_at, job_id LIMIT 1
            """,
            world.organisation_id,
        )

    assert "job_of_lane" in plan
    assert "Seq Scan" not in plan


async def test_each_job_is_claimed_once_by_many_servers(database: Database, world: RunWorld, other: RunWorld) -> None:
    await flood(world, jobs=60)
    await flood(other, jobs=60)

    async def server() -> list[UUID]:
        found: list[UUID] = []
        while True:
            claims = await claim(database, slots=3)
            found += [each.job_id for each in claims.claimed]
            if not claims.claimed and not claims.may_be_more:
                return found
            await asyncio.sleep(0)

    found = [job_id for each in await asyncio.gather(*[server() for _ in range(5)]) for job_id in each]

    assert len(found) == len(set(found)) == 122


async def test_a_quota_is_exact_and_its_end_is_noticed(database: Database, world: RunWorld) -> None:
    await flood(world, jobs=10)

    assert len((await claim(database, slots=8, jobs_max=3)).claimed) == 3
    assert len((await claim(database, slots=8, jobs_max=3)).claimed) == 0
    async with database.connection() as connection:
        assert not await connection.fetchval("SELECT is_active FROM workflows.turn")
        await connection.execute(
            "UPDATE workflows.job SET lease_expires_at = NULL, runner_id = NULL WHERE job_id = "
            "(SELECT job_id FROM workflows.job WHERE lease_expires_at IS NOT NULL LIMIT 1)"
        )
    assert len((await claim(database, slots=8, jobs_max=3)).claimed) == 1


async def test_a_job_that_is_added_while_a_claim_finds_nothing_is_not_overlooked(
    database: Database, world: RunWorld
) -> None:
    await world.start(ONE)
    assert len((await claim(database)).claimed) == 1
    assert len((await claim(database)).claimed) == 0

    await world.start(ONE)

    assert len((await claim(database)).claimed) == 1


async def test_the_operator_sets_weights_and_quotas(database: Database, world: RunWorld, other: RunWorld) -> None:
    await flood(world, jobs=40)
    await flood(other, jobs=40)
    async with database.transaction() as connection:
        await apply_shares(
            connection, {world.organisation_id: SetShare(3, None), other.organisation_id: SetShare(1, 2)}
        )
    await claim(database, slots=4)

    found = await organisations_of(database, await claim(database, slots=8))

    assert found[other.organisation_id] <= 2
    assert found[world.organisation_id] >= 6
    async with database.transaction() as connection:
        await apply_shares(connection, {})
        assert await connection.fetchval("SELECT count(*) FROM workflows.share WHERE weight <> 1") == 0
