"""Priorities of runs: which jobs of an organisation start first, and that others lose nothing by them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Database
from ninefold.systems.workflows.errors import RunEndedError
from ninefold.systems.workflows.model.fleet import FreeRunner
from ninefold.systems.workflows.model.priorities import Priority
from ninefold.systems.workflows.service.fleet.claims import claim_jobs
from ninefold.systems.workflows.service.runs.priorities import set_priority
from ninefold.systems.workflows.service.runs.reruns import rerun
from ninefold.systems.workflows.service.runs.transitions import cancel_run, job_lost
from workflow_runs import RunWorld

STEPS = "runs-on: ubuntu-latest, steps: [{run: echo}]"
ONE = f"on: push\njobs:\n  build: {{{STEPS}}}\n"
CHAIN = f"on: push\njobs:\n  build: {{{STEPS}}}\n  test: {{needs: build, {STEPS}}}\n"


async def prioritise(world: RunWorld, run_id: UUID, priority: Priority) -> None:
    async with world.transaction() as connection:
        await set_priority(connection, run_id, priority=priority, by="mia", at=world.now)


async def started_runs(database: Database, *, slots: int) -> list[UUID]:
    """Let a runner claim jobs one after the other; return the runs that they are of."""
    found = []
    for _ in range(slots):
        runner = FreeRunner(
            runner_id=new_id(), organisation_id=None, labels=frozenset({"ubuntu-latest"}), runner_group="", slots=1
        )
        async with database.transaction() as connection:
            claims = await claim_jobs(
                connection,
                [runner],
                names={runner.runner_id: "fake"},
                jobs_max=100,
                lease=timedelta(minutes=1),
                at=datetime.now(UTC),
            )
            job_ids = [each.job_id for each in claims.claimed]
            rows = await connection.fetch("SELECT run_id FROM workflows.job WHERE job_id = ANY($1)", job_ids)
        found += [row["run_id"] for row in rows]
    return found


async def test_a_high_run_goes_first_and_a_low_one_last(database: Database, world: RunWorld) -> None:
    low, normal, high = [await world.start(ONE) for _ in range(3)]
    await prioritise(world, low, "low")
    await prioritise(world, high, "high")

    assert await started_runs(database, slots=3) == [high, normal, low]


async def test_a_high_run_of_one_organisation_does_not_delay_another(database: Database, world: RunWorld) -> None:
    other = await RunWorld(database).create()
    first, second = [await world.start(ONE) for _ in range(2)]
    others = await other.start(ONE)
    for run_id in (first, second):
        await prioritise(world, run_id, "high")
    await prioritise(other, others, "low")

    assert set(await started_runs(database, slots=2)) == {first, others}


async def test_runs_have_the_default_priority_of_their_repository(world: RunWorld) -> None:
    world.repository = msgspec.structs.replace(world.repository, default_priority=1)

    run_id = await world.start(CHAIN)

    assert (await world.run(run_id)).priority == 1
    assert {job.priority for job in (await world.jobs(run_id)).values()} == {1}


async def test_a_changed_priority_is_that_of_later_jobs_too_and_is_in_the_log(world: RunWorld) -> None:
    run_id = await world.start(CHAIN)

    await world.begin(run_id, "build")
    await prioritise(world, run_id, "high")
    running = await world.jobs(run_id)
    await world.finish(run_id, "build")

    assert (running["build"].priority, running["test"].priority) == (0, 1)
    assert (await world.jobs(run_id))["test"].priority == 1
    async with world.database.connection() as connection:
        data = await connection.fetch(
            "SELECT data->>'priority' AS priority, data->>'by' AS by FROM workflows.run_event "
            "WHERE run_id = $1 AND type = 'priority_changed'",
            run_id,
        )
    assert [tuple(each) for each in data] == [("high", "mia")]


async def test_a_job_that_is_queued_again_has_the_priority_that_its_run_got_meanwhile(world: RunWorld) -> None:
    run_id = await world.start(ONE)
    job = await world.claim(run_id, "build")
    await prioritise(world, run_id, "high")
    assert (await world.jobs(run_id))["build"].priority == 0

    async with world.transaction() as connection:
        await job_lost(connection, job, at=world.now)

    assert (await world.jobs(run_id))["build"].priority == 1


async def test_the_same_priority_changes_nothing(world: RunWorld) -> None:
    run_id = await world.start(ONE)
    before = await world.run(run_id)

    await prioritise(world, run_id, "normal")

    assert await world.run(run_id) == before


async def test_an_ended_run_has_another_priority_only_when_it_is_run_again(world: RunWorld) -> None:
    run_id = await world.start(CHAIN)
    async with world.transaction() as connection:
        await cancel_run(connection, run_id, by="mia", at=world.now)

    with pytest.raises(RunEndedError):
        await prioritise(world, run_id, "high")
    async with world.transaction() as connection:
        await rerun(connection, run_id, jobs="all", by="mia", is_debug=False, priority=1, at=world.now)
    first = {job.priority for job in (await world.jobs(run_id)).values()}
    async with world.transaction() as connection:
        await cancel_run(connection, run_id, by="mia", at=world.now)
        await rerun(connection, run_id, jobs="all", by="mia", is_debug=False, at=world.now)

    assert first == {1}
    assert {job.priority for job in (await world.jobs(run_id)).values()} == {1}
