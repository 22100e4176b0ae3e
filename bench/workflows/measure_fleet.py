"""Measures the queue and the runners' protocol: fake runners and a real `ninefold serve`.

    .venv/bin/python bench/workflows/measure_fleet.py

Prints a table, and writes bench/results/workflows_fleet.json. docs/benchmarks.md has the published results. The floor
of the time from queue to runner is what any queue in this database needs: a commit, and a notification to another
process. Each job that runners get is counted once; a job that is given twice, or lost, stops the benchmark.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import httpx
import msgspec
import psutil
from rich.console import Console
from rich.table import Table

from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.embedded import EmbeddedPostgres
from ninefold.core.postgres.migrations import migrate
from ninefold.core.queue.notifier import notify_on_commit
from ninefold.core.tenancy.service import create_api_key, create_organisation
from ninefold.edge.systems import migration_sources
from ninefold.systems.workflows.execution.report import JobResult, LogLine, StepInfo
from ninefold.systems.workflows.model.repositories import Repository
from ninefold.systems.workflows.model.run_sources import TriggerEvent
from ninefold.systems.workflows.model.runs import JOB_PREFIX
from ninefold.systems.workflows.runner.client import RunnerClient
from ninefold.systems.workflows.runner.reporting import BufferedReport
from ninefold.systems.workflows.service.channels import JOBS_QUEUED
from ninefold.systems.workflows.service.fleet.protocol import RUNNER_PATH, Claim, Finish, Start
from ninefold.systems.workflows.service.fleet.tokens import new_registration
from ninefold.systems.workflows.service.runs.triggers import start_runs

RESULTS: Final = Path(__file__).parent.parent / "results" / "workflows_fleet.json"
PORT: Final = 28_931
URL: Final = f"http://127.0.0.1:{PORT}"
READY_TIMEOUT_S: Final = 60.0
DONE_TIMEOUT_S: Final = 60.0
PICKUP_TARGET_S: Final = 1.0
SHA: Final = "1" * 40
FILE: Final = ".github/workflows/ci.yml"
WORKFLOW: Final = """
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    strategy: {{matrix: {{number: [{numbers}]}}}}
    steps: [{{run: make}}]
"""


class OneFile:
    """A repository with one workflow."""

    def __init__(self, text: str) -> None:
        self._text = text

    async def list_files(self, sha: str, folder: str) -> Sequence[str]:
        """Return the only one."""
        del sha, folder
        return [FILE]

    async def read_file(self, sha: str, path: str) -> bytes | None:
        """Return it."""
        del sha
        return self._text.encode() if path == FILE else None

    async def changed_paths(self, before: str, after: str) -> Sequence[str] | None:
        """Nothing is known."""
        del before, after
        return None

    async def resolve(self, ref: str) -> str | None:
        """Every ref is the commit."""
        del ref
        return SHA

    async def other(self, full_name: str) -> None:
        """There are no others."""
        del full_name


class Organisation:
    """An organisation that pushes."""

    def __init__(self, database: Database, *, organisation_id: UUID | None = None) -> None:
        self._database = database
        self.organisation_id = organisation_id or new_id()
        now = datetime.now(UTC)
        self._repository = Repository(
            repository_id=new_id(),
            organisation_id=self.organisation_id,
            owner=f"o{self.organisation_id.hex[-12:]}",
            name="site",
            default_branch="main",
            created_at=now,
            updated_at=now,
            pushed_at=None,
            github_full_name=None,
            github_clone_url=None,
        )

    async def create(self) -> "Organisation":
        """Create it, with a repository."""
        async with self._database.transaction() as connection:
            await connection.execute(
                "INSERT INTO workflows.owner VALUES ($1, $2)", self.organisation_id, self._repository.owner
            )
            await connection.execute(
                "INSERT INTO workflows.repository (repository_id, organisation_id, name, default_branch, created_at, "
                "updated_at) VALUES ($1, $2, 'site', 'main', now(), now())",
                self._repository.repository_id,
                self.organisation_id,
            )
        return self

    async def push(self, *, jobs: int) -> UUID:
        """Start a run of so many jobs, up to 256, and wake the runners."""
        text = WORKFLOW.format(numbers=", ".join(map(str, range(jobs))))
        event = TriggerEvent(name="push", ref="refs/heads/main", sha=SHA, actor="bench")
        async with self._database.transaction() as connection:
            changed = await start_runs(connection, self._repository, event, OneFile(text), at=datetime.now(UTC))
            await notify_on_commit(connection, JOBS_QUEUED, str(self.organisation_id))
        return changed.run_ids[0]


class FakeRunners:
    """Runners that end each job as soon as they have begun it."""

    def __init__(self, tokens: Sequence[str], *, slots: int) -> None:
        self._tokens = tokens
        self._slots = slots
        self.claimed_at: dict[str, float] = {}
        self.ended = 0
        self.changed = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["FakeRunners"]:
        """Run them until the block ends."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._run(token)) for token in self._tokens]
            yield self
            for task in tasks:
                task.cancel()

    async def wait_for(self, count: int) -> None:
        """Wait until so many jobs have ended."""
        async with asyncio.timeout(DONE_TIMEOUT_S):
            while self.ended < count:
                self.changed.clear()
                await self.changed.wait()

    async def _run(self, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        async with httpx.AsyncClient(base_url=URL, headers=headers, timeout=70, trust_env=False) as client:
            while True:
                answer = await _send(client, "claim", {"slots": self._slots, "holding": []})
                await asyncio.gather(*[self._work(client, job) for job in answer["jobs"]])

    async def _work(self, client: httpx.AsyncClient, job: dict[str, Any]) -> None:
        assert job["job_id"] not in self.claimed_at, "a job was given twice"
        self.claimed_at[job["job_id"]] = time.time()
        path = f"jobs/{job['job_id']}"
        lease = {"lease_number": job["lease_number"]}
        await _send(client, f"{path}/start", lease)
        result = {"conclusion": "success", "outputs": {}, "steps": []}
        await _send(client, f"{path}/finish", {**lease, "result": result})
        self.ended += 1
        self.changed.set()


async def _send(client: httpx.AsyncClient, name: str, data: object) -> dict[str, Any]:
    response = await client.post(f"{RUNNER_PATH}/{name}", content=msgspec.json.encode(data))
    response.raise_for_status()
    body: dict[str, Any] = response.json()
    return body


@asynccontextmanager
async def serving(dsn: str, folder: Path) -> AsyncIterator[psutil.Process]:
    """Run `ninefold serve`; yield its inner process."""
    environment = {
        **os.environ,
        "NINEFOLD_DATABASE_URL": dsn,
        "NINEFOLD_PORT": str(PORT),
        "NINEFOLD_DATA_DIR": str(folder),
        "NINEFOLD_LOG_LEVEL": "error",
        "NINEFOLD_WORKFLOWS_JOBS_MAX": "100000",
    }
    command = [sys.executable, "-m", "ninefold", "serve"]
    process = subprocess.Popen(command, env=environment)
    try:
        async with asyncio.timeout(READY_TIMEOUT_S), httpx.AsyncClient(trust_env=False) as client:
            while True:
                with suppress(httpx.TransportError):
                    if (await client.get(f"{URL}/readyz")).is_success:
                        break
                await asyncio.sleep(0.1)
        yield max(psutil.Process(process.pid).children(recursive=True), key=lambda each: each.memory_info().rss)
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 30)


async def register(database: Database, *, count: int) -> list[str]:
    """Register runners; return their tokens."""
    async with database.transaction() as connection:
        registration = await new_registration(connection, organisation_id=None)
    headers = {"Authorization": f"Bearer {registration}", "Content-Type": "application/json"}
    async with httpx.AsyncClient(base_url=URL, headers=headers, trust_env=False) as client:
        return [
            (await _send(client, "register", {"name": f"fake-{number}", "jobs_max": 256}))["token"]
            for number in range(count)
        ]


async def measure_dispatch(
    database: Database, server: psutil.Process, tokens: Sequence[str], *, jobs: int
) -> dict[str, float]:
    """Let runners take, begin and end many jobs, each of which is a row of a run with 250."""
    organisation = await Organisation(database).create()
    runs = [await organisation.push(jobs=250) for _ in range(jobs // 250)]
    total = 250 * len(runs)
    cpu_s, began_s = _cpu_s(server), time.perf_counter()
    async with FakeRunners(tokens, slots=4).running() as runners:
        await runners.wait_for(total)
    took_s, used_s = time.perf_counter() - began_s, _cpu_s(server) - cpu_s
    async with database.connection() as connection:
        ended = await connection.fetchval(
            "SELECT count(*) FROM workflows.job WHERE run_id = ANY($1) AND status = 'succeeded'", runs
        )
    assert ended == total, "each job has ended"
    return {"jobs_per_s": total / took_s, "jobs_per_server_cpu_s": total / used_s}


async def measure_pickup(database: Database, tokens: Sequence[str], *, samples: int) -> dict[str, float]:
    """Push one job at a time to runners that wait, from its commit to when its runner knows it."""
    organisation = await Organisation(database).create()
    async with FakeRunners(tokens, slots=1).running() as runners:
        await asyncio.sleep(0.5)
        taken = []
        for number in range(samples):
            run_id = await organisation.push(jobs=1)
            committed_at = time.time()
            await runners.wait_for(number + 1)
            taken.append(max(0.0, runners.claimed_at[await _only_job(database, run_id)] - committed_at))
    return _percentiles(taken)


async def measure_floor(database: Database, dsn: str, *, samples: int) -> dict[str, float]:
    """Commit a row with a notification, and wait until another connection has it."""
    heard = asyncio.Event()
    listening = await asyncpg.connect(dsn)
    await listening.add_listener("bench_floor", lambda *_: heard.set())
    async with database.connection() as connection:
        await connection.execute("CREATE TABLE IF NOT EXISTS public.bench_floor (at timestamptz)")
    taken = []
    for _ in range(samples):
        heard.clear()
        began_s = time.perf_counter()
        async with database.transaction() as connection:
            await connection.execute("INSERT INTO public.bench_floor VALUES (now())")
            await connection.execute("SELECT pg_notify('bench_floor', '')")
        await heard.wait()
        taken.append(time.perf_counter() - began_s)
    await listening.close()
    return _percentiles(taken)


async def measure_flood(database: Database, tokens: Sequence[str], *, backlog: int, samples: int) -> dict[str, float]:
    """One organisation has a backlog that keeps all runners busy; another one pushes one job at a time."""
    flooding, quiet = await Organisation(database).create(), await Organisation(database).create()
    for _ in range(backlog // 250):
        await flooding.push(jobs=250)
    taken = []
    async with FakeRunners(tokens, slots=1).running() as runners:
        for _ in range(samples):
            run_id = await quiet.push(jobs=1)
            committed_at = time.time()
            job_id = await _only_job(database, run_id)
            async with asyncio.timeout(DONE_TIMEOUT_S):
                while job_id not in runners.claimed_at:
                    runners.changed.clear()
                    await runners.changed.wait()
            taken.append(max(0.0, runners.claimed_at[job_id] - committed_at))
        flooded = runners.ended
    async with database.connection() as connection:
        left = await connection.fetchval("SELECT count(*) FROM workflows.job WHERE status = 'queued'")
    assert left, "the flood has lasted until the end"
    return {**_percentiles(taken), "jobs_of_the_flood": flooded - samples, "left": left}


async def measure_log(database: Database, token: str, *, lines_per_s: int, seconds: int) -> dict[str, float]:
    """Let a job write lines, and read them from the live feed: from when each is written to when a reader has it."""
    async with database.transaction() as connection:
        found = await create_organisation(connection, name="bench")
        key = (await create_api_key(connection, organisation_id=found.organisation_id, name="bench")).text
    run_id = await (await Organisation(database, organisation_id=found.organisation_id).create()).push(jobs=1)
    async with RunnerClient(URL, token) as client:
        job_id = await _only_job(database, run_id)
        claimed = None
        while claimed is None:
            answer = await client.claim(Claim(slots=1))
            claimed = next((job for job in answer.jobs if job.job_id == job_id), None)
        assignment = await client.start(job_id, Start(lease_number=claimed.lease_number))
        assert assignment is not None, "the job begins"
        report = BufferedReport(client, assignment, on_cancel=lambda: None)
        sending = asyncio.create_task(report.run())
        reading = asyncio.create_task(_read_times(job_id, key, count=lines_per_s * seconds))
        await asyncio.sleep(0.5)
        step = StepInfo(1, "run", "Run make")
        for _ in range(lines_per_s * seconds):
            now = datetime.now(UTC)
            report.line(LogLine(step, now, f"{now.timestamp()} {'x' * 60}"))
            await asyncio.sleep(1 / lines_per_s)
        async with asyncio.timeout(DONE_TIMEOUT_S):
            taken = await reading
        report.close()
        await sending
        result = JobResult(conclusion="success", outputs={}, steps=())
        await client.finish(job_id, Finish(lease_number=claimed.lease_number, result=result))
    return _percentiles(taken)


async def _read_times(job_id: str, key: str, *, count: int) -> list[float]:
    """Read a log as server-sent events; return how old each line was when it came."""
    taken: list[float] = []
    headers = {"Authorization": f"Bearer {key}"}
    path = f"{URL}/api/v1/live/workflows.log:{job_id}"
    async with (
        httpx.AsyncClient(headers=headers, timeout=60, trust_env=False) as client,
        client.stream("GET", path) as response,
    ):
        response.raise_for_status()
        async for text in response.aiter_lines():
            if text.startswith("data:") and '"lines"' in text:
                now = time.time()
                lines = json.loads(text.removeprefix("data:"))["lines"]
                taken += [now - float(line["text"].split()[0]) for line in lines]
                if len(taken) >= count:
                    break
    assert len(taken) == count, "each line comes once"
    return taken


async def _only_job(database: Database, run_id: UUID) -> str:
    async with database.connection() as connection:
        return format_id(
            JOB_PREFIX, await connection.fetchval("SELECT job_id FROM workflows.job WHERE run_id = $1", run_id)
        )


def _percentiles(taken: list[float]) -> dict[str, float]:
    ordered = sorted(taken)
    places = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}
    return {name: 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * at))] for name, at in places.items()}


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Measure everything, one after the other."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "postgres") as postgres:
        dsn = postgres.dsn()
        database = await Database.connect(dsn, application_name="ninefold bench")
        async with database.connection() as connection:
            await migrate(connection, migration_sources())
        async with serving(dsn, Path(folder)) as server:
            tokens = await register(database, count=options.runners)
            results = {
                "dispatch": await measure_dispatch(database, server, tokens, jobs=options.jobs),
                "floor": await measure_floor(database, dsn, samples=options.samples),
                "pickup": await measure_pickup(database, tokens, samples=options.samples),
                "log": await measure_log(database, tokens[0], lines_per_s=100, seconds=5),
                "flood": await measure_flood(database, tokens, backlog=options.backlog, samples=options.samples // 2),
            }
        await database.close()
    return {
        **results,
        "pickup_to_floor_p50": results["pickup"]["p50_ms"] / results["floor"]["p50_ms"],
        "runners": options.runners,
        "cores": psutil.cpu_count(),
        "load_average": os.getloadavg()[0],
    }


def print_results(results: dict[str, Any]) -> None:
    """Print the results."""
    table = Table(title=f"Queue and runners, {results['cores']} cores (load {results['load_average']:.1f})")
    for heading in ("", "", "p50", "p95", "p99"):
        table.add_column(heading, justify="left" if not heading else "right")
    dispatch = results["dispatch"]
    table.add_row("jobs claimed, begun and ended per second", f"{dispatch['jobs_per_s']:,.0f}", "", "", "")
    table.add_row("… per CPU-second of the server", f"{dispatch['jobs_per_server_cpu_s']:,.0f}", "", "", "")
    for name, key in [
        ("commit + notification (floor), ms", "floor"),
        ("queue to runner, ms", "pickup"),
        ("… while another organisation floods, ms", "flood"),
        ("a line of a log to a reader of the live feed, ms", "log"),
    ]:
        figures = results[key]
        table.add_row(name, "", *[f"{figures[each]:.1f}" for each in ("p50_ms", "p95_ms", "p99_ms")])
    Console(width=110).print(table)


def main() -> None:
    """Measure, print the results, and write them to the file; exit with 1 if the flood delays others."""
    parser = argparse.ArgumentParser(description="Measure the queue and the runners' protocol on this machine.")
    parser.add_argument("--jobs", type=int, default=1_000)
    parser.add_argument("--runners", type=int, default=8)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--backlog", type=int, default=10_000)
    results = asyncio.run(measure(parser.parse_args()))
    print_results(results)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    if results["flood"]["p95_ms"] > 1000 * PICKUP_TARGET_S:
        sys.exit(1)


if __name__ == "__main__":
    main()
