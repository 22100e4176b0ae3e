"""The API of the queue, runners and logs."""

import httpx
import msgspec
import pytest

from http_api import Api
from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.service import authenticate
from ninefold.systems.workflows.model.runs import JOB_PREFIX, RUN_PREFIX
from workflow_fleet import FakeRunner, registration
from workflow_runs import RunWorld

WORKFLOW = """
on: push
jobs:
  build: {runs-on: ubuntu-latest, steps: [{run: make}]}
  train: {runs-on: [self-hosted, gpu], steps: [{run: make}]}
"""


@pytest.fixture
async def world(api: Api, database: Database) -> RunWorld:
    """The world of the organisation of `api`."""
    world = RunWorld(database)
    async with database.connection() as connection:
        principal = await authenticate(connection, api.api_key, kinds=[API_KEY])
    world.organisation_id = principal.organisation_id
    world.repository = msgspec.structs.replace(world.repository, organisation_id=world.organisation_id)
    return await world.create()


async def blockers(api: Api) -> dict[str, str]:
    return {each["key"]: each["blocker"] for each in (await api.get("/workflows/queue"))["items"]}


async def test_each_queued_job_says_what_it_waits_for(
    api: Api, world: RunWorld, http: httpx.AsyncClient, database: Database
) -> None:
    await world.start(WORKFLOW)
    await world.start(WORKFLOW)
    assert set((await blockers(api)).values()) == {"no_runner"}

    runner = await FakeRunner.register(http, await registration(database))
    await runner.begin()

    queue = (await api.get("/workflows/queue"))["items"]
    assert [(each["key"], each["blocker"], each["position"]) for each in queue] == [
        ("train", "labels", 1),
        ("build", "turn", 1),
        ("train", "labels", 2),
    ]
    assert queue[0]["why"] == "No connected runner has all of these labels: self-hosted, gpu."
    assert queue[1]["why"] == "It is the next of your organisation; all runners that it can run on are busy."
    pages = await api.walk("/workflows/queue", limit=1)
    assert [each["position"] for page in pages for each in page] == [1, 1, 2]

    async with database.connection() as connection:
        await connection.execute("UPDATE workflows.share SET jobs_max = 1")
    assert (await blockers(api))["build"] == "quota"


async def test_a_runner_is_listed_drained_and_removed(
    api: Api, other_api: Api, world: RunWorld, http: httpx.AsyncClient
) -> None:
    await world.start(WORKFLOW)
    token = (await api.done("POST", "/workflows/registrations"))["token"]
    runner = await FakeRunner.register(http, token, name="builder-1", labels=["GPU"])
    job = await runner.begin()

    (shown,) = (await api.get("/workflows/runners"))["items"]
    assert (shown["name"], shown["status"], shown["job_count"], shown["is_shared"]) == ("builder-1", "busy", 1, False)
    assert {"self-hosted", "ubuntu-latest", "gpu"} <= set(shown["labels"])
    assert (await other_api.get("/workflows/runners"))["items"] == []
    path = f"/workflows/runners/{shown['runner_id']}"
    await api.refused(409, "DELETE", path)
    await other_api.refused(404, "POST", f"{path}/drain")

    assert (await api.done("POST", f"{path}/drain"))["status"] == "draining"
    answer = await runner.done("claim", {"slots": 1, "holding": [job["job_id"]], "wait_s": 0})
    assert answer == {"jobs": [], "is_draining": True}
    await runner.finish(job)
    assert (await api.request("DELETE", path)).status_code == 204
    assert (await runner.send("claim", {"slots": 1})).status_code == 401


async def test_usage_counts_what_has_ended(
    api: Api, world: RunWorld, http: httpx.AsyncClient, database: Database
) -> None:
    await world.start(WORKFLOW)
    runner = await FakeRunner.register(http, await registration(database))
    await runner.finish(await runner.begin())

    (day,) = (await api.get("/workflows/usage?days=2"))["items"]

    assert day["jobs"] == 1
    assert await api.get("/workflows/share") == {"weight": 1, "jobs_max": 100}


async def test_a_log_is_read_from_both_ends(
    api: Api, other_api: Api, world: RunWorld, http: httpx.AsyncClient, database: Database
) -> None:
    await world.start(WORKFLOW)
    runner = await FakeRunner.register(http, await registration(database))
    job = await runner.begin()
    await runner.report(job, 1, "one", "two", "three")
    path = f"/workflows/jobs/{job['job_id']}/log"

    after = await api.get(f"{path}?after=1&limit=1")
    before = await api.get(f"{path}?before=3&limit=5")

    assert [line["text"] for line in after["items"]] == ["two"]
    assert [line["line"] for line in before["items"]] == [1, 2]
    assert (after["last_line"], after["is_complete"]) == (3, False)
    await runner.finish(job)
    assert (await api.get(path))["is_complete"]
    text = await api.request("GET", f"{path}.txt")
    assert [line.partition(" ")[2] for line in text.text.splitlines()] == ["one", "two", "three"]
    await other_api.refused(404, "GET", path)
    await other_api.refused(404, "GET", f"{path}.txt")


async def test_a_job_that_is_not_run_again_has_the_log_of_its_attempt(
    api: Api, world: RunWorld, http: httpx.AsyncClient, database: Database
) -> None:
    run_id = await world.start(WORKFLOW.replace("[self-hosted, gpu]", "ubuntu-latest"))
    runner = await FakeRunner.register(http, await registration(database))
    for conclusion in ("success", "failure"):
        job = await runner.begin()
        await runner.report(job, 1, f"it ends with {conclusion}")
        await runner.finish(job, conclusion)
    await api.done("POST", f"/workflows/runs/{format_id(RUN_PREFIX, run_id)}/rerun", json={"jobs": "failed"})

    (copy,) = [job for job in (await world.jobs(run_id)).values() if job.reused_job_id is not None]
    path = f"/workflows/jobs/{format_id(JOB_PREFIX, copy.job_id)}/log"
    assert [line["text"] for line in (await api.get(path))["items"]] == ["it ends with success"]
    assert "it ends with success" in (await api.request("GET", f"{path}.txt")).text
