"""A runner with real jobs: what they say arrives, it survives a server that is away, and it ends as it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from ninefold.core.postgres.database import Database
from ninefold.systems.workflows.runner.executor import DirectExecutor
from ninefold.systems.workflows.runner.loop import RunnerLoop, RunnerOptions, Stopping
from ninefold.systems.workflows.service.fleet.logs import decode_lines
from ninefold.systems.workflows.service.runs.transitions import cancel_run
from ninefold.systems.workflows.store import job_logs
from workflow_fleet import registration
from workflow_runs import RunWorld

WITHIN_S = 30.0

HELLO = """
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    outputs: {greeting: "${{ steps.say.outputs.greeting }}"}
    steps:
      - {id: say, run: "echo greeting=hello >> $GITHUB_OUTPUT; echo said"}
  after:
    needs: build
    runs-on: [self-hosted, Linux]
    steps: [{run: "echo ${{ needs.build.outputs.greeting }} again"}]
"""

WAITS = """
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: touch "{folder}/begun"; while [ ! -e "{folder}/go" ]; do sleep 0.05; done; echo went
      - if: always()
        run: echo cleaned
"""


BYTES = r"""
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: |
          printf 'a\0b\n'
          printf '\377\376\n'
          head -c 200000 /dev/zero | tr '\0' x
          printf '# Summary \0\n' >> "$GITHUB_STEP_SUMMARY"
"""


class FlakyTransport(httpx.AsyncBaseTransport):
    """Loses every other answer after its effect, and all requests while the server is away."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner
        self.lost_answers = 0
        self._is_next_lost = True
        self.is_away = False
        self.refused: list[str] = []
        """The names of the messages that were sent while the server was away."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.is_away:
            self.refused.append(request.url.path.rpartition("/")[2])
            raise httpx.ConnectError("away")
        response = await self.inner.handle_async_request(request)
        if self.lost_answers and "/jobs/" in request.url.path:
            self._is_next_lost = not self._is_next_lost
            if not self._is_next_lost:
                self.lost_answers -= 1
                raise httpx.ReadError("lost")
        return response


@pytest.fixture
async def world(database: Database) -> RunWorld:
    return await RunWorld(database).create()


@pytest.fixture
def transport(http: httpx.AsyncClient) -> FlakyTransport:
    return FlakyTransport(http._transport)


@asynccontextmanager
async def running(
    world: RunWorld, transport: FlakyTransport, folder: Path, *, is_ephemeral: bool = False
) -> AsyncIterator[tuple[Stopping, "asyncio.Task[None]"]]:
    options = RunnerOptions(
        url="http://ninefold.test",
        registration_token=await registration(world.database),
        folder=folder / "runner",
        is_ephemeral=is_ephemeral,
    )
    stopping = Stopping()
    task = asyncio.create_task(RunnerLoop(options, DirectExecutor(), stopping, transport=transport).run())
    try:
        yield stopping, task
    finally:
        stopping.ask()
        stopping.ask()
        async with asyncio.timeout(WITHIN_S):
            await asyncio.gather(task, return_exceptions=True)


async def wait_until_ended(world: RunWorld, run_id: UUID) -> str:
    async with asyncio.timeout(WITHIN_S):
        while not (run := await world.run(run_id)).is_ended:
            await asyncio.sleep(0.05)
    return run.status


async def wait_for_file(path: Path) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not path.exists():  # noqa: ASYNC240 - a look takes microseconds.
            await asyncio.sleep(0.02)


async def log_of(world: RunWorld, run_id: UUID, key: str) -> list[str]:
    job_id = (await world.jobs(run_id))[key].job_id
    async with world.database.connection() as connection:
        chunks = await job_logs.log_chunk_list(connection, job_id=job_id, after=0, limit=1_000)
    return [line.text for chunk in chunks for line in decode_lines(chunk.content)]


async def test_a_run_goes_through_a_runner(world: RunWorld, transport: FlakyTransport, tmp_path: Path) -> None:
    run_id = await world.start(HELLO)

    async with running(world, transport, tmp_path):
        assert await wait_until_ended(world, run_id) == "succeeded"

    assert "said" in await log_of(world, run_id, "build")
    assert "hello again" in await log_of(world, run_id, "after")
    assert list((tmp_path / "runner" / "jobs").iterdir()) == []


async def test_a_job_can_write_any_bytes(world: RunWorld, transport: FlakyTransport, tmp_path: Path) -> None:
    run_id = await world.start(BYTES)

    async with running(world, transport, tmp_path):
        assert await wait_until_ended(world, run_id) == "succeeded"

    log = await log_of(world, run_id, "build")
    assert "a\ufffdb" in log
    assert any(line.startswith("x" * 1_000) and line.endswith("cut off)") for line in log)


async def test_lost_answers_change_nothing(world: RunWorld, transport: FlakyTransport, tmp_path: Path) -> None:
    run_id = await world.start(HELLO)
    transport.lost_answers = 6

    async with running(world, transport, tmp_path):
        assert await wait_until_ended(world, run_id) == "succeeded"

    assert transport.lost_answers == 0
    assert (await log_of(world, run_id, "build")).count("said") == 1


async def test_a_job_goes_on_while_the_server_is_away(
    world: RunWorld, transport: FlakyTransport, tmp_path: Path
) -> None:
    run_id = await world.start(WAITS.replace("{folder}", str(tmp_path)))

    async with running(world, transport, tmp_path):
        await wait_for_file(tmp_path / "begun")
        transport.is_away = True
        (tmp_path / "go").touch()
        await asyncio.sleep(0.3)  # So that the job has something to say while nobody listens.
        transport.is_away = False
        assert await wait_until_ended(world, run_id) == "succeeded"

    assert [text for text in await log_of(world, run_id, "build") if text in {"went", "cleaned"}] == ["went", "cleaned"]


async def test_a_cancelled_job_still_cleans_up(world: RunWorld, transport: FlakyTransport, tmp_path: Path) -> None:
    run_id = await world.start(WAITS.replace("{folder}", str(tmp_path)))

    async with running(world, transport, tmp_path):
        await wait_for_file(tmp_path / "begun")
        async with world.transaction() as connection:
            await cancel_run(connection, run_id, by="mia", at=world.now)
        assert await wait_until_ended(world, run_id) == "canceled"

    assert "cleaned" in await log_of(world, run_id, "build")


async def test_a_runner_that_drains_lets_its_job_end(
    world: RunWorld, transport: FlakyTransport, tmp_path: Path
) -> None:
    run_id = await world.start(WAITS.replace("{folder}", str(tmp_path)))

    async with running(world, transport, tmp_path) as (stopping, task):
        await wait_for_file(tmp_path / "begun")
        stopping.ask()
        (tmp_path / "go").touch()
        async with asyncio.timeout(WITHIN_S):
            await task

    assert (await world.run(run_id)).status == "succeeded"


async def test_a_job_that_is_no_longer_the_runners_is_stopped_at_once(
    world: RunWorld, transport: FlakyTransport, tmp_path: Path
) -> None:
    run_id = await world.start(WAITS.replace("{folder}", str(tmp_path)))

    async with running(world, transport, tmp_path) as (stopping, task):
        await wait_for_file(tmp_path / "begun")
        async with world.database.connection() as connection:
            await connection.execute("UPDATE workflows.job SET lease_number = lease_number + 1")
        stopping.ask()
        async with asyncio.timeout(WITHIN_S):
            await task

    assert "cleaned" not in await log_of(world, run_id, "build")


async def test_an_ephemeral_runner_leaves_after_its_job(
    world: RunWorld, transport: FlakyTransport, tmp_path: Path
) -> None:
    await world.start(HELLO)

    async with running(world, transport, tmp_path, is_ephemeral=True) as (_, task), asyncio.timeout(WITHIN_S):
        await task

    async with world.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM workflows.runner") == 0


async def test_a_runner_that_cannot_register_stops_when_it_is_told(
    world: RunWorld, transport: FlakyTransport, tmp_path: Path
) -> None:
    transport.is_away = True

    async with running(world, transport, tmp_path) as (stopping, task), asyncio.timeout(WITHIN_S):
        while "register" not in transport.refused:
            await asyncio.sleep(0.02)
        stopping.ask()
        await task

    async with world.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM workflows.runner") == 0


async def test_a_runner_that_is_hurried_does_not_wait_for_a_server_that_is_away(
    world: RunWorld, transport: FlakyTransport, tmp_path: Path
) -> None:
    run_id = await world.start(HELLO)

    async with running(world, transport, tmp_path) as (stopping, task), asyncio.timeout(WITHIN_S):
        await wait_until_ended(world, run_id)
        transport.is_away = True
        stopping.ask()
        stopping.ask()
        await task

    assert transport.refused.count("leave") == 1
