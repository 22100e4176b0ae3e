import pytest

from ninefold.systems.workflows.service.runs.transitions import cancel_run
from workflow_runs import RunWorld

STEPS = "runs-on: linux, steps: [{run: echo}]"
GROUPED = f"on: push\nconcurrency: deploy\njobs: {{a: {{{STEPS}}}}}\n"
CANCELING = f"on: push\nconcurrency: {{group: Deploy, cancel-in-progress: true}}\njobs: {{a: {{{STEPS}}}}}\n"
QUEUED = f"on: push\nconcurrency: {{group: deploy, queue: max}}\njobs: {{a: {{{STEPS}}}}}\n"


async def test_a_run_waits_for_its_group_and_begins_when_it_is_free(world: RunWorld) -> None:
    first = await world.start(GROUPED)
    second = await world.start(GROUPED)
    waiting = await world.run(second)

    await world.do(first, "a")
    await world.run_background()

    assert (waiting.status, waiting.why) == ("waiting", "Another one is in the concurrency group deploy.")
    assert (await world.run(second)).status == "queued"
    assert await world.states(second) == {"a": "queued"}
    await world.do(second, "a")
    assert (await world.run(second)).status == "succeeded"


async def test_of_those_that_wait_the_newest_replaces_the_others(world: RunWorld) -> None:
    first, second, third = [await world.start(GROUPED) for _ in range(3)]
    await world.run_background()

    assert [(await world.run(each)).status for each in (first, second, third)] == ["queued", "canceled", "waiting"]
    assert "A newer one" in (await world.run(second)).why


async def test_with_queue_max_all_wait_in_their_order(world: RunWorld) -> None:
    runs = [await world.start(QUEUED) for _ in range(3)]

    for run_id in runs:
        await world.do(run_id, "a")
        await world.run_background()

    assert [(await world.run(each)).status for each in runs] == ["succeeded"] * 3


async def test_cancel_in_progress_cancels_what_is_in_the_group_whatever_its_case(world: RunWorld) -> None:
    first = await world.start(GROUPED)
    second = await world.start(CANCELING)
    await world.run_background()

    assert (await world.run(first)).status == "canceled"
    assert (await world.run(second)).status == "queued"


async def test_a_canceled_run_that_waited_leaves_its_group(world: RunWorld) -> None:
    first = await world.start(GROUPED)
    second = await world.start(GROUPED)
    async with world.transaction() as connection:
        await cancel_run(connection, second, by="mia", at=world.now)
    await world.do(first, "a")
    await world.run_background()
    third = await world.start(GROUPED)

    assert (await world.run(second)).status == "canceled"
    assert (await world.run(third)).status == "queued"


async def test_jobs_of_a_group_run_one_after_the_other(world: RunWorld) -> None:
    jobs = "".join(f"  {name}: {{concurrency: {{group: db, queue: max}}, {STEPS}}}\n" for name in "abc")
    run_id = await world.start(f"on: push\njobs:\n{jobs}")
    before = await world.states(run_id)

    await world.do(run_id, "a")
    await world.run_background()

    assert before == {"a": "queued", "b": "waiting", "c": "waiting"}
    assert await world.states(run_id) == {"a": "succeeded", "b": "queued", "c": "waiting"}


async def test_a_job_that_calls_a_workflow_waits_for_its_group(world: RunWorld) -> None:
    world.files.files[".github/workflows/sub.yml"] = f"on: workflow_call\njobs: {{x: {{{STEPS}}}}}\n"
    call = "uses: ./.github/workflows/sub.yml, concurrency: {group: env, queue: max}"
    run_id = await world.start(f"on: push\njobs:\n  one: {{{call}}}\n  two: {{{call}}}\n")
    before = await world.states(run_id)

    await world.do(run_id, "one/x")
    await world.run_background()

    assert before == {"one/x": "queued", "two": "waiting"}
    assert await world.states(run_id) == {"one/x": "succeeded", "two/x": "queued"}
    await world.do(run_id, "two/x")
    assert (await world.run(run_id)).status == "succeeded"


@pytest.mark.parametrize("last", ["a", "b"])
async def test_a_job_in_the_group_of_its_own_run_is_canceled_and_says_why(world: RunWorld, last: str) -> None:
    job = f"{{concurrency: deploy, {STEPS}}}" if last == "a" else f"{{needs: z, concurrency: deploy, {STEPS}}}"
    run_id = await world.start(f"on: push\nconcurrency: deploy\njobs:\n  z: {{{STEPS}}}\n  {last}: {job}\n")
    await world.do(run_id, "z")

    found = (await world.jobs(run_id))[last]
    assert (found.status, "is in it" in found.why) == ("canceled", True)
    assert (await world.run(run_id)).status == "canceled"
