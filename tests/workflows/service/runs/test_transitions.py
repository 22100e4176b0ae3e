import pytest

from ninefold.systems.workflows.errors import StaleLeaseError
from ninefold.systems.workflows.execution.report import JobResult
from ninefold.systems.workflows.service.runs.transitions import cancel_run, job_finished, job_lost
from workflow_runs import FILE, RunWorld

STEPS = "runs-on: linux, steps: [{run: echo}]"
CHAIN = f"""\
on: push
jobs:
  build: {{{STEPS}}}
  test: {{needs: build, {STEPS}}}
  last: {{needs: test, if: always(), {STEPS}}}
"""


async def test_a_push_starts_a_run_whose_first_jobs_are_queued(world: RunWorld) -> None:
    run_id = await world.start(CHAIN)

    run = await world.run(run_id)
    assert (run.status, run.number, run.workflow_file) == ("queued", 1, FILE)
    assert await world.states(run_id) == {"build": "queued", "test": "waiting", "last": "waiting"}
    assert (await world.jobs(run_id))["test"].why == "Needs build."


async def test_jobs_are_listed_in_the_order_of_their_file(world: RunWorld) -> None:
    names = [f"job{number}" for number in reversed(range(12))]
    run_id = await world.start("on: push\njobs:\n" + "".join(f"  {name}: {{{STEPS}}}\n" for name in names))

    assert list(await world.jobs(run_id)) == names


async def test_jobs_are_in_the_order_of_the_file_and_of_the_matrix(world: RunWorld) -> None:
    numbers = list(range(30))
    run_id = await world.start(f"on: push\njobs:\n  t: {{strategy: {{matrix: {{n: {numbers}}}}}, {STEPS}}}\n")

    by_id = sorted((await world.jobs(run_id)).values(), key=lambda job: job.job_id)
    assert [job.name for job in by_id] == [f"t ({number})" for number in numbers]


async def test_a_run_goes_on_job_by_job_until_it_has_succeeded(world: RunWorld) -> None:
    run_id = await world.start(CHAIN)

    await world.begin(run_id, "build")
    running = await world.run(run_id)
    changed = await world.finish(run_id, "build")
    await world.do(run_id, "test")
    await world.do(run_id, "last")

    assert running.status == "running"
    assert changed.has_queued
    assert await world.states(run_id) == {"build": "succeeded", "test": "succeeded", "last": "succeeded"}
    assert (await world.run(run_id)).status == "succeeded"


async def test_jobs_that_need_a_failed_one_are_skipped(world: RunWorld) -> None:
    run_id = await world.start(CHAIN)

    await world.do(run_id, "build", "failure")

    assert await world.states(run_id) == {"build": "failed", "test": "skipped", "last": "queued"}
    await world.do(run_id, "last")
    assert (await world.run(run_id)).status == "failed"


async def test_a_result_that_comes_twice_changes_nothing(world: RunWorld) -> None:
    run_id = await world.start(CHAIN)
    await world.do(run_id, "build")
    before = await world.run(run_id)

    changed = await world.finish(run_id, "build", "failure")

    assert changed.channels == ()
    assert await world.run(run_id) == before


async def test_a_result_of_an_earlier_lease_is_refused(world: RunWorld) -> None:
    run_id = await world.start(CHAIN)
    job = await world.begin(run_id, "build")
    result = JobResult(conclusion="success", outputs={}, steps=())

    with pytest.raises(StaleLeaseError):
        async with world.transaction() as connection:
            await job_finished(connection, job.job_id, lease_number=job.lease_number - 1, result=result, at=world.now)

    assert (await world.states(run_id))["build"] == "running"


async def test_a_canceled_run_ends_idle_jobs_and_still_runs_those_with_always(world: RunWorld) -> None:
    run_id = await world.start(CHAIN)

    async with world.transaction() as connection:
        await cancel_run(connection, run_id, by="mia", at=world.now)

    assert await world.states(run_id) == {"build": "canceled", "test": "canceled", "last": "queued"}
    await world.do(run_id, "last")
    assert (await world.run(run_id)).status == "canceled"


async def test_a_running_job_is_asked_to_stop(world: RunWorld) -> None:
    run_id = await world.start(CHAIN)
    await world.begin(run_id, "build")

    async with world.transaction() as connection:
        await cancel_run(connection, run_id, by="mia", at=world.now)

    assert (await world.jobs(run_id))["build"].cancel_requested_at is not None
    await world.finish(run_id, "build", "cancelled")
    assert await world.states(run_id) == {"build": "canceled", "test": "canceled", "last": "queued"}


async def test_a_job_whose_runner_is_lost_is_queued_again_only_if_it_had_not_begun(world: RunWorld) -> None:
    run_id = await world.start(CHAIN)
    claimed = await world.claim(run_id, "build")
    async with world.transaction() as connection:
        await job_lost(connection, claimed, at=world.now)
    requeued = (await world.jobs(run_id))["build"]
    begun = await world.begin(run_id, "build")
    async with world.transaction() as connection:
        await job_lost(connection, begun, at=world.now)

    assert (requeued.status, requeued.lease_expires_at) == ("queued", None)
    lost = (await world.jobs(run_id))["build"]
    assert (lost.status, lost.why[:19]) == ("failed", "The runner was lost")
