import pytest

from ninefold.core.ids import new_id
from ninefold.systems.workflows.errors import RunNotFoundError
from ninefold.systems.workflows.model.runs import RunEvent
from ninefold.systems.workflows.service.runs.reading import get_attempt, get_job, list_annotations, show_jobs, show_run
from ninefold.systems.workflows.service.runs.transitions import append
from ninefold.systems.workflows.store.run_jobs import step_summary_list
from workflow_runs import RunWorld

WORKFLOW = "on: push\njobs: {a: {runs-on: linux, steps: [{run: echo}]}}\n"


@pytest.mark.parametrize("attempt", [0, 2, 578949960596])
async def test_an_attempt_that_there_never_was_is_not_found(world: RunWorld, attempt: int) -> None:
    run = await world.run(await world.start(WORKFLOW))

    async with world.database.connection() as connection:
        with pytest.raises(RunNotFoundError):
            await get_attempt(connection, run, attempt)
        assert (await show_run(connection, run)).job_counts == {"queued": 1}


async def test_what_a_job_says_is_shown_with_it(world: RunWorld) -> None:
    run_id = await world.start(WORKFLOW)
    job = await world.begin(run_id, "a")
    said = [
        RunEvent(type="step_started", job_id=job.job_id, data={"step": 1, "name": "echo"}),
        RunEvent(type="step_ended", job_id=job.job_id, data={"step": 1, "name": "echo", "conclusion": "failure"}),
        RunEvent(type="step_started", job_id=job.job_id, data={"step": 2, "name": "clean"}),
        RunEvent(type="annotation", job_id=job.job_id, data={"level": "error", "message": "no", "job": "a", "step": 1}),
        *[
            RunEvent(type="summary", job_id=job.job_id, data={"step": 1, "name": "echo", "markdown": text})
            for text in ("# A\n", "B\n")
        ],
    ]
    async with world.transaction() as connection:
        await append(connection, run_id, 1, said, world.now)

    run = await world.run(run_id)
    async with world.database.connection() as connection:
        (shown,) = await show_jobs(connection, [job])
        (annotation,) = await list_annotations(connection, run, attempt=1)
        (summary,) = await step_summary_list(connection, run_id=run_id, attempt=1, limit=10)
    assert [(step.number, step.name, step.status) for step in shown.steps] == [
        (1, "echo", "failed"),
        (2, "clean", "running"),
    ]
    assert shown.annotation_counts == {"error": 1}
    assert (annotation.message, annotation.step) == ("no", 1)
    assert summary.markdown == "# A\nB\n"


async def test_a_job_of_another_organisation_is_not_found(world: RunWorld) -> None:
    run_id = await world.start(WORKFLOW)
    job = (await world.jobs(run_id))["a"]

    async with world.database.connection() as connection:
        with pytest.raises(RunNotFoundError):
            await get_job(connection, organisation_id=new_id(), job_id=job.job_id)
