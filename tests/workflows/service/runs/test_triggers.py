import pytest

from ninefold.core.errors import InvalidInputError
from ninefold.systems.workflows.errors import InvalidDispatchError, TooManyRunsError, WorkflowNotFoundError
from ninefold.systems.workflows.model.run_sources import TriggerEvent
from ninefold.systems.workflows.service.channels import Changed
from ninefold.systems.workflows.service.runs import triggers
from ninefold.systems.workflows.service.runs.orders import job_order
from ninefold.systems.workflows.service.runs.reading import list_annotations
from ninefold.systems.workflows.service.runs.triggers import dispatch_run
from workflow_runs import FILE, SHA, START, FakeFiles, RunWorld

STEPS = "runs-on: linux, steps: [{run: echo}]"
JOBS = f"jobs: {{a: {{{STEPS}}}}}"
DISPATCHED = f"on: {{workflow_dispatch: {{inputs: {{count: {{type: number, default: 3}}}}}}}}\n{JOBS}\n"


async def dispatch(world: RunWorld, **values: object) -> Changed:
    event = TriggerEvent(
        **{  # type: ignore[arg-type] # a test gives other values.
            "name": "workflow_dispatch",
            "ref": "refs/heads/main",
            "sha": SHA,
            "actor": "mia",
            "workflow_file": FILE,
            **values,
        }
    )
    async with world.transaction() as connection:
        return await dispatch_run(connection, world.repository, event, world.files, at=world.now)


async def test_runs_of_a_workflow_are_counted_and_have_the_title_of_the_commit(world: RunWorld) -> None:
    await world.start(f"on: push\n{JOBS}\n")
    run = await world.run(await world.start(f"on: push\n{JOBS}\n", message="Add a cart\n\nWith wheels."))

    assert (run.number, run.title) == (2, "Add a cart")


async def test_a_run_name_sees_the_number_of_the_run(world: RunWorld) -> None:
    workflow = "on: push\nrun-name: Build ${{ github.run_number }} by ${{ github.actor }}\n" + JOBS

    assert (await world.run(await world.start(workflow))).title == "Build 1 by mia"


@pytest.mark.parametrize(
    ("on", "values", "count"),
    [
        ("{push: {branches: [main]}}", {}, 1),
        ("{push: {branches: [other]}}", {}, 0),
        ("{push: {tags: ['v*']}}", {"ref": "refs/tags/v1"}, 1),
        ("{push: {paths: ['docs/**']}}", {"before": "0" * 40}, 1),
        ("{push: {paths: ['src/**']}}", {"before": "0" * 40}, 0),
        ("push", {"message": "Fix [skip ci]"}, 0),
        ("pull_request", {"name": "pull_request", "type": "opened", "base_branch": "main"}, 1),
        ("pull_request", {"name": "pull_request", "type": "closed", "base_branch": "main"}, 0),
        ("{repository_dispatch: {types: [a]}}", {"name": "repository_dispatch", "type": "a"}, 1),
        ("{repository_dispatch: {types: [a]}}", {"name": "repository_dispatch", "type": "b"}, 0),
    ],
)
async def test_an_event_starts_the_workflows_whose_filters_it_meets(
    world: RunWorld, on: str, values: dict[str, str], count: int
) -> None:
    world.files.changed = ["docs/index.md"]

    changed = await world.push(f"on: {on}\n{JOBS}\n", **values)

    assert len(changed.run_ids) == count


async def test_a_workflow_file_with_errors_becomes_a_failed_run_that_says_where(world: RunWorld) -> None:
    run_id = await world.start("on: push\njobs:\n  a: {runs-on: linux, stepz: []}\n")

    run = await world.run(run_id)
    async with world.database.connection() as connection:
        annotations = await list_annotations(connection, run, attempt=1)
    assert (run.status, run.workflow_name) == ("failed", FILE)
    assert (annotations[0].file, annotations[0].line) == (FILE, 3)
    assert "stepz" in annotations[0].message
    assert await world.jobs(run_id) == {}


async def test_called_workflows_are_stored_with_the_run_also_those_of_other_repositories(world: RunWorld) -> None:
    called = f"on: {{workflow_call: {{secrets: {{key: {{}}}}}}}}\njobs: {{x: {{{STEPS}}}}}\n"
    other = FakeFiles({".github/workflows/sub.yml": called})
    world.files.others = {"kestrel/shared": other}
    uses = "uses: kestrel/shared/.github/workflows/sub.yml@v1, secrets: {key: '${{ secrets.KEY }}'}"
    run_id = await world.start(f"on: push\njobs: {{call: {{{uses}}}}}\n")
    other.files.clear()

    job = (await world.jobs(run_id))["call/x"]
    async with world.database.connection() as connection:
        order = await job_order(connection, job, token="t0k", secrets={"KEY": "k", "OTHER": "o"})

    assert order.secrets == {"GITHUB_TOKEN": "t0k", "key": "k"}
    await world.do(run_id, "call/x")
    assert (await world.run(run_id)).status == "succeeded"


async def test_a_run_of_code_from_a_fork_has_no_secrets(world: RunWorld) -> None:
    run_id = await world.start(f"on: push\n{JOBS}\n", is_from_fork=True)

    async with world.database.connection() as connection:
        order = await job_order(connection, (await world.jobs(run_id))["a"], token="t0k", secrets={"KEY": "k"})

    assert (order.secrets, order.is_from_fork) == ({"GITHUB_TOKEN": "t0k"}, True)


async def test_inputs_of_a_dispatch_are_typed(world: RunWorld) -> None:
    world.files.files[FILE] = DISPATCHED

    (run_id,) = (await dispatch(world, inputs={"count": "7"})).run_ids

    assert (await world.run(run_id)).inputs == {"count": 7}
    async with world.database.connection() as connection:
        order = await job_order(connection, (await world.jobs(run_id))["a"], token="t0k")
    assert order.contexts["inputs"] == {"count": 7}
    assert order.contexts["github"]["event"]["inputs"] == {"count": 7}


async def test_a_dispatch_that_cannot_be_is_refused(world: RunWorld) -> None:
    world.files.files[FILE] = DISPATCHED

    with pytest.raises(InvalidDispatchError):
        await dispatch(world, inputs={"count": "many"})
    with pytest.raises(WorkflowNotFoundError):
        await dispatch(world, workflow_file=".github/workflows/none.yml")
    world.files.files[FILE] = f"on: push\n{JOBS}\n"
    with pytest.raises(InvalidInputError, match="no `workflow_dispatch`"):
        await dispatch(world)


async def test_a_repository_cannot_start_too_many_runs_at_once(
    world: RunWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triggers, "RUNS_MAX", 2)
    await world.start(f"on: push\n{JOBS}\n")
    await world.start(f"on: push\n{JOBS}\n")

    with pytest.raises(TooManyRunsError) as caught:
        await world.start(f"on: push\n{JOBS}\n")

    assert caught.value.retry_after_s == 10
    assert world.now > START


async def test_a_matrix_that_is_too_large_fails_its_job_and_says_so(world: RunWorld) -> None:
    numbers = ", ".join(map(str, range(257)))
    run_id = await world.start(f"on: push\njobs: {{a: {{strategy: {{matrix: {{n: [{numbers}]}}}}, {STEPS}}}}}\n")

    (job,) = (await world.jobs(run_id)).values()
    assert (job.status, "256" in job.why) == ("failed", True)
    assert (await world.run(run_id)).status == "failed"
