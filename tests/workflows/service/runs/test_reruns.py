from typing import Any
from uuid import UUID

import pytest

from ninefold.core.errors import InvalidInputError
from ninefold.systems.workflows.errors import RunNotEndedError
from ninefold.systems.workflows.service.runs.orders import job_order
from ninefold.systems.workflows.service.runs.reruns import rerun
from workflow_runs import RunWorld

STEPS = "runs-on: linux, steps: [{run: echo}]"
DIAMOND = f"""\
on: push
jobs:
  build: {{outputs: {{version: "x"}}, {STEPS}}}
  test: {{needs: build, strategy: {{fail-fast: false, matrix: {{n: [1, 2]}}}}, {STEPS}}}
  lint: {{{STEPS}}}
  deploy: {{needs: test, {STEPS}}}
"""


async def again(world: RunWorld, run_id: UUID, jobs: Any, **values: Any) -> None:
    async with world.transaction() as connection:
        await rerun(connection, run_id, jobs=jobs, by="noa", at=world.now, **{"is_debug": False, **values})


async def failed_run(world: RunWorld) -> UUID:
    run_id = await world.start(DIAMOND)
    await world.do(run_id, "build", outputs={"version": "1.2"})
    await world.do(run_id, "test.0")
    await world.do(run_id, "test.1", "failure")
    await world.do(run_id, "lint")
    return run_id


async def test_failed_jobs_and_their_dependents_are_run_again_and_others_keep_their_outcomes(world: RunWorld) -> None:
    run_id = await failed_run(world)
    first = await world.jobs(run_id)

    await again(world, run_id, "failed", is_debug=True)

    run = await world.run(run_id)
    jobs = await world.jobs(run_id)
    assert (run.attempt, run.status, run.ended_at) == (2, "queued", None)
    assert await world.states(run_id) == {
        "build": "succeeded",
        "test.0": "succeeded",
        "test.1": "queued",
        "lint": "succeeded",
        "deploy": "waiting",
    }
    assert jobs["test.0"].reused_job_id == first["test.0"].job_id
    async with world.database.connection() as connection:
        order = await job_order(connection, jobs["test.1"], token="t")
    assert order.contexts["needs"]["build"]["outputs"] == {"version": "1.2"}
    assert order.is_debug
    assert (order.contexts["github"]["run_attempt"], order.contexts["github"]["triggering_actor"]) == ("2", "noa")

    await world.do(run_id, "test.1")
    await world.do(run_id, "deploy")
    assert (await world.run(run_id)).status == "succeeded"
    assert {key: job.status for key, job in (await world.jobs(run_id, attempt=1)).items()} == {
        key: job.status for key, job in first.items()
    }


async def test_all_jobs_are_run_again(world: RunWorld) -> None:
    run_id = await failed_run(world)

    await again(world, run_id, "all")

    assert await world.states(run_id) == {"build": "queued", "test": "waiting", "lint": "queued", "deploy": "waiting"}


async def test_chosen_jobs_are_run_again_with_those_that_need_them(world: RunWorld) -> None:
    run_id = await failed_run(world)
    jobs = await world.jobs(run_id)

    await again(world, run_id, [jobs["lint"].job_id])

    assert await world.states(run_id) == {
        "build": "succeeded",
        "test.0": "succeeded",
        "test.1": "failed",
        "lint": "queued",
        "deploy": "skipped",
    }
    await world.do(run_id, "lint")
    assert (await world.run(run_id)).status == "failed"


async def test_a_job_of_a_called_workflow_is_run_again_with_what_follows_the_call(world: RunWorld) -> None:
    world.files.files[".github/workflows/sub.yml"] = f"on: workflow_call\njobs: {{x: {{{STEPS}}}, y: {{{STEPS}}}}}\n"
    run_id = await world.start(
        f"on: push\njobs:\n  call: {{uses: ./.github/workflows/sub.yml}}\n  last: {{needs: call, {STEPS}}}\n"
    )
    for key in ("call/x", "call/y", "last"):
        await world.do(run_id, key)

    await again(world, run_id, [(await world.jobs(run_id))["call/x"].job_id])

    assert await world.states(run_id) == {"call/x": "queued", "call/y": "succeeded", "last": "waiting"}


async def test_a_run_that_goes_on_is_not_run_again(world: RunWorld) -> None:
    run_id = await world.start(DIAMOND)

    with pytest.raises(RunNotEndedError):
        await again(world, run_id, "all")


async def test_a_rerun_of_a_third_attempt_uses_copies_of_copies(world: RunWorld) -> None:
    run_id = await failed_run(world)
    first = await world.jobs(run_id)
    await again(world, run_id, "failed")
    await world.do(run_id, "test.1", "failure")
    await again(world, run_id, "failed")

    assert (await world.jobs(run_id))["build"].reused_job_id == first["build"].job_id


async def test_there_must_be_something_to_run_again(world: RunWorld) -> None:
    run_id = await world.start(f"on: push\njobs: {{a: {{{STEPS}}}}}\n")
    await world.do(run_id, "a")

    with pytest.raises(InvalidInputError, match="No job of the run has failed"):
        await again(world, run_id, "failed")
