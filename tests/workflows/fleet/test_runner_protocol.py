"""The runners' protocol: leases with fencing, and messages that come twice."""

import asyncio
from datetime import timedelta
from typing import cast
from uuid import UUID

import httpx
import msgspec
import pytest
from litestar.types import ASGIApp

from http_api import problem_of
from ninefold.core.postgres.database import Database
from ninefold.systems.workflows.service.fleet.logs import decode_lines
from ninefold.systems.workflows.store import job_logs
from workflow_fleet import AT, STEP, FakeRunner, finish, registration, report, shown_id
from workflow_runs import RunWorld

ONE = """
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps: [{run: make}]
"""


@pytest.fixture
async def world(database: Database) -> RunWorld:
    return await RunWorld(database).create()


@pytest.fixture
async def runner(http: httpx.AsyncClient, database: Database) -> FakeRunner:
    return await FakeRunner.register(http, await registration(database), jobs_max=4)


@pytest.fixture
def asgi_app(http: httpx.AsyncClient) -> ASGIApp:
    """Return the application itself: a client of `httpx` can't leave before it has its response."""
    transport = http._transport
    assert isinstance(transport, httpx.ASGITransport)
    return cast(ASGIApp, transport.app)


async def expire(database: Database) -> None:
    """Let the leases end now, although a server could be reached."""
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO workflows.reachability VALUES (TRUE, now() - interval '1 day', now() + interval '1 day')"
        )
        await connection.execute(
            "UPDATE workflows.job SET lease_expires_at = now() - interval '1 second' WHERE lease_expires_at IS NOT NULL"
        )


async def lines_of(database: Database, job_id: UUID) -> list[tuple[int, str]]:
    async with database.connection() as connection:
        chunks = await job_logs.log_chunk_list(connection, job_id=job_id, after=0, limit=100)
    return [(line.line, line.text) for chunk in chunks for line in decode_lines(chunk.content)]


async def test_a_job_goes_from_the_queue_to_a_runner_and_back(world: RunWorld, runner: FakeRunner) -> None:
    run_id = await world.start(ONE)

    (job,) = await runner.claim()
    assert (await world.states(run_id)) == {"build": "queued"}
    assignment = await runner.start(job)
    assert (await world.states(run_id)) == {"build": "running"}
    assert assignment["order"]["steps"][0]["run"]
    messages = [
        {"type": "step_started", "step": STEP, "at": AT},
        {"type": "annotation", "annotation": {"step": STEP, "level": "error", "message": "No rule"}},
        {"type": "summary", "step": STEP, "markdown": "# Built"},
    ]
    await runner.report(job, 1, "make: all", "make: done", messages=messages)
    await runner.finish(job)

    assert (await world.states(run_id)) == {"build": "succeeded"}
    assert (await world.run(run_id)).status == "succeeded"
    job_id = (await world.jobs(run_id))["build"].job_id
    assert await lines_of(world.database, job_id) == [(1, "make: all"), (2, "make: done")]


async def test_what_comes_twice_changes_nothing_the_second_time(world: RunWorld, runner: FakeRunner) -> None:
    run_id = await world.start(ONE)
    job = await runner.begin()
    await runner.start(job)

    for _ in range(2):
        await runner.report(job, 1, "once", messages=[{"type": "step_started", "step": STEP, "at": AT}])
    for _ in range(2):
        await runner.finish(job)

    found = await world.jobs(run_id)
    assert found["build"].status == "succeeded"
    assert await lines_of(world.database, found["build"].job_id) == [(1, "once")]
    async with world.database.connection() as connection:
        started = await connection.fetchval("SELECT count(*) FROM workflows.run_event WHERE type = 'step_started'")
    assert started == 1


async def test_batches_without_their_predecessor_are_refused(world: RunWorld, runner: FakeRunner) -> None:
    await world.start(ONE)
    job = await runner.begin()

    problem_of(await runner.send(f"jobs/{job['job_id']}/report", report(job, 2, "late")), status=409)


@pytest.mark.usefixtures("worker")
async def test_a_runner_that_was_away_too_long_is_refused_whatever_it_says(world: RunWorld, runner: FakeRunner) -> None:
    """The job had begun: it has failed, and nothing that its runner says later changes that."""
    run_id = await world.start(ONE)
    job = await runner.begin()
    await runner.report(job, 1, "hello")

    await expire(world.database)
    await eventually(world, run_id, "failed")

    for name, data in [
        ("start", {"lease_number": job["lease_number"]}),
        ("report", report(job, 2, "zombie")),
        ("finish", finish(job)),
    ]:
        problem = problem_of(await runner.send(f"jobs/{job['job_id']}/{name}", data), status=409)
        assert problem["code"] == "stale_lease"
    found = (await world.jobs(run_id))["build"]
    assert found.why.startswith("The runner was lost while the job ran.")
    assert await lines_of(world.database, found.job_id) == [(1, "hello")]


@pytest.mark.usefixtures("worker")
async def test_a_job_that_had_not_begun_is_queued_again_with_the_next_lease(
    world: RunWorld, runner: FakeRunner, http: httpx.AsyncClient
) -> None:
    run_id = await world.start(ONE)
    (job,) = await runner.claim()
    other = await FakeRunner.register(http, await registration(world.database))

    await expire(world.database)
    (again,) = await other.claim(wait_s=10)

    assert (again["job_id"], again["lease_number"]) == (job["job_id"], job["lease_number"] + 1)
    problem_of(await runner.send(f"jobs/{job['job_id']}/start", {"lease_number": 1}), status=409)
    assert (await world.states(run_id)) == {"build": "queued"}


async def test_a_runner_whose_answer_was_lost_gets_the_same_job_again(world: RunWorld, runner: FakeRunner) -> None:
    await world.start(ONE)

    first = await runner.claim()

    assert await runner.claim() == first
    assert await runner.claim(holding=(first[0]["job_id"],)) == []


async def test_a_runner_that_was_restarted_loses_the_job_that_had_begun(world: RunWorld, runner: FakeRunner) -> None:
    run_id = await world.start(ONE)
    await runner.begin()

    assert await runner.claim() == []

    assert (await world.states(run_id)) == {"build": "failed"}


async def test_a_runner_that_stops_gives_back_what_it_has_not_begun(
    world: RunWorld, runner: FakeRunner, http: httpx.AsyncClient
) -> None:
    await world.start(ONE)
    (job,) = await runner.claim()

    await runner.done("leave", {"is_removed": True})

    other = await FakeRunner.register(http, await registration(world.database))
    assert [each["job_id"] for each in await other.claim(wait_s=5)] == [job["job_id"]]
    problem_of(await runner.send("claim", {"slots": 1}), status=401)


async def test_another_runner_cannot_speak_of_the_job(
    world: RunWorld, runner: FakeRunner, http: httpx.AsyncClient
) -> None:
    await world.start(ONE)
    job = await runner.begin()
    other = await FakeRunner.register(http, await registration(world.database))

    problem_of(await other.send(f"jobs/{job['job_id']}/finish", finish(job)), status=409)


async def test_a_runner_that_has_gone_while_it_waited_gets_no_job(
    world: RunWorld, runner: FakeRunner, http: httpx.AsyncClient, asgi_app: ASGIApp
) -> None:
    gone = await FakeRunner.register(http, await registration(world.database))
    async with asyncio.timeout(5):
        await gone.claim_and_disconnect(asgi_app, wait_s=30)

    await world.start(ONE)

    assert len(await runner.claim()) == 1


async def test_a_runner_of_another_organisation_gets_nothing(world: RunWorld, http: httpx.AsyncClient) -> None:
    await world.start(ONE)
    foreign = await RunWorld(world.database).create()
    own = await FakeRunner.register(http, await registration(world.database, foreign.organisation_id))

    assert await own.claim() == []


async def test_an_ephemeral_runner_gets_one_job(world: RunWorld, http: httpx.AsyncClient) -> None:
    await world.start(ONE)
    await world.push(ONE)
    once = await FakeRunner.register(http, await registration(world.database), is_ephemeral=True)
    job = await once.begin(slots=4)
    await once.finish(job)

    answer = await once.done("claim", {"slots": 1, "wait_s": 0})

    assert answer == {"jobs": [], "is_draining": True}


async def test_a_renewal_says_that_the_job_is_to_be_cancelled(world: RunWorld, runner: FakeRunner) -> None:
    run_id = await world.start(ONE)
    job = await runner.begin()
    assert (await runner.report(job, 1)) == {"is_cancel_requested": False}

    from ninefold.systems.workflows.service.runs.transitions import cancel_run  # noqa: PLC0415

    async with world.transaction() as connection:
        await cancel_run(connection, run_id, by="mia", at=world.now)

    assert (await runner.report(job, 2)) == {"is_cancel_requested": True}
    await runner.finish(job, "cancelled")
    assert (await world.run(run_id)).status == "canceled"


async def test_a_registration_token_is_needed_and_is_no_runner_token(
    http: httpx.AsyncClient, database: Database
) -> None:
    problem_of(await FakeRunner(http, "").send("register", {"name": "x"}), status=401)
    token = await registration(database)
    problem_of(await FakeRunner(http, token).send("claim", {"slots": 1}), status=401)
    async with database.connection() as connection:
        await connection.execute("UPDATE workflows.registration SET expires_at = now() - interval '1 second'")
    problem_of(await FakeRunner(http, token).send("register", {"name": "x"}), status=401)


async def test_a_log_that_is_too_long_ends_with_a_warning(
    database: Database, world: RunWorld, runner: FakeRunner
) -> None:
    from ninefold.systems.workflows.service.fleet.logs import add_lines  # noqa: PLC0415
    from ninefold.systems.workflows.service.fleet.protocol import Line  # noqa: PLC0415

    await world.start(ONE)
    job = await runner.begin()
    async with database.connection() as connection:
        job_id = await connection.fetchval("SELECT job_id FROM workflows.job_log")
    lines = [Line(1, msgspec.convert(AT, type=type(world.now), strict=False), "x" * 40) for _ in range(5)]
    for batch in (1, 2):
        async with database.transaction() as connection:
            log = await job_logs.job_log_lock(connection, job_id=job_id)
            assert log is not None
            await add_lines(connection, log, lines, batch=batch, size_max=100)

    found = await lines_of(database, job_id)
    assert [text[:20] for _, text in found] == ["x" * 20, "x" * 20, "##[warning]The log h"]
    assert [number for number, _ in found] == [1, 2, 3]
    assert shown_id(job_id) == job["job_id"]


async def eventually(world: RunWorld, run_id: UUID, status: str) -> None:
    """Wait until the only job of a run has a state; a worker brings it about."""
    import asyncio  # noqa: PLC0415

    async with asyncio.timeout(timedelta(seconds=20).total_seconds()):
        while set((await world.states(run_id)).values()) != {status}:
            await asyncio.sleep(0.05)
