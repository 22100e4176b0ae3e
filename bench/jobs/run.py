"""Measures how many durable jobs one worker process runs per second, from enqueueing to `succeeded`.

    .venv/bin/python bench/jobs/run.py

Prints a table, and writes bench/results/jobs.json. docs/benchmarks.md has the published results. The floor
is a bare loop without Ninefold, for comparison: see floor.py.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec
import psutil
from rich.console import Console
from rich.table import Table

from ninefold.core.ids import new_id
from ninefold.core.jobs import JOBS_CHANNEL, JobKind, enqueue
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.embedded import EmbeddedPostgres
from ninefold.core.postgres.migrations import migrate
from ninefold.core.queue.notifier import Notifier
from ninefold.edge.systems import migration_sources

HERE: Final = Path(__file__).parent
RESULTS: Final = HERE.parent / "results" / "jobs.json"
JOBS_PER_S_TARGET: Final = 1_000
ORGANISATIONS: Final = 10
BATCH: Final = 100
"""Jobs that one transaction enqueues."""

FINISH_TIMEOUT_S: Final = 300.0
POLL_S: Final = 0.05


class Number(msgspec.Struct, frozen=True):
    """The payload of a job."""

    value: int


DOUBLE: Final = JobKind(name="bench.double", payload=Number)
"""The same kind as in worker.py: a kind is identified by its name and its payload's fields."""

_TABLE = """
    CREATE SCHEMA bench;
    CREATE TABLE bench.item (
        item_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        payload json NOT NULL,
        state text NOT NULL DEFAULT 'queued',
        result json
    );
    CREATE INDEX item_claimable ON bench.item (item_id) WHERE state = 'queued';
"""

_UNFINISHED = "SELECT count(*) FROM jobs.job WHERE kind = 'bench.double' AND state <> 'succeeded'"
_WRONG = """
    SELECT count(*)
    FROM jobs.job
    WHERE kind = 'bench.double'
        AND (
            state <> 'succeeded'
            OR attempt_count <> 1
            OR result::text::bigint IS DISTINCT FROM 2 * (payload ->> 'value')::bigint
        )
"""
_DISTINCT = "SELECT count(DISTINCT payload ->> 'value') FROM jobs.job WHERE kind = 'bench.double'"
_LATENCIES_MS = """
    SELECT percentile_disc(ARRAY[0.5, 0.99]) WITHIN GROUP (
        ORDER BY extract(epoch FROM finished_at - created_at) * 1000
    )
    FROM jobs.job
    WHERE kind = 'bench.double'
"""


@asynccontextmanager
async def running(script: str, dsn: str) -> AsyncIterator[psutil.Process]:
    """Run one of the workers in a separate process."""
    process = subprocess.Popen(
        [sys.executable, str(HERE / script)],
        env={**os.environ, "NINEFOLD_DATABASE_URL": dsn},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 30)


async def measure_floor(database: Database, dsn: str, *, count: int) -> dict[str, Any]:
    """Insert bare rows as fast as possible; measure the time until the bare loop has finished the last."""
    async with database.connection() as connection:
        await connection.execute("DROP SCHEMA IF EXISTS bench CASCADE")
        await connection.execute(_TABLE)
    async with running("floor.py", dsn) as process:
        await _insert_items(database, count=BATCH)
        await _wait_until_none(database, "SELECT count(*) FROM bench.item WHERE state <> 'succeeded'")
        began_at, cpu_before = time.perf_counter(), _cpu_s(process)
        await _insert_items(database, count=count)
        await _wait_until_none(database, "SELECT count(*) FROM bench.item WHERE state <> 'succeeded'")
        return _figures(count, began_at=began_at, cpu_s=_cpu_s(process) - cpu_before)


async def measure_jobs(database: Database, dsn: str, *, count: int) -> dict[str, Any]:
    """Enqueue jobs as fast as possible; measure the time until the worker has recorded the last. Check each job."""
    organisations = [new_id() for _ in range(ORGANISATIONS)]
    await _delete_jobs(database)
    async with running("worker.py", dsn) as process:
        await _enqueue(database, organisations, start=0, count=BATCH)
        await _wait_until_none(database, _UNFINISHED)
        await _delete_jobs(database)
        began_at, cpu_before = time.perf_counter(), _cpu_s(process)
        await _enqueue(database, organisations, start=0, count=count)
        enqueued_s = time.perf_counter() - began_at
        await _wait_until_none(database, _UNFINISHED)
        figures = _figures(count, began_at=began_at, cpu_s=_cpu_s(process) - cpu_before)
    await _check(database, count=count)
    return {**figures, "enqueued_per_s": round(count / enqueued_s)}


async def measure_paced(database: Database, dsn: str, *, jobs_per_s: int, seconds: int) -> dict[str, Any]:
    """Enqueue at a steady rate, one job per transaction; read from the table how long each took."""
    organisations = [new_id()]
    await _delete_jobs(database)
    async with running("worker.py", dsn):
        await _enqueue(database, organisations, start=0, count=BATCH)
        await _wait_until_none(database, _UNFINISHED)
        await _delete_jobs(database)
        began_at = time.perf_counter()
        for number in range(jobs_per_s * seconds):
            await asyncio.sleep(max(0.0, began_at + number / jobs_per_s - time.perf_counter()))
            await _enqueue(database, organisations, start=number, count=1)
        await _wait_until_none(database, _UNFINISHED)
    await _check(database, count=jobs_per_s * seconds)
    async with database.connection() as connection:
        p50_ms, p99_ms = await connection.fetchval(_LATENCIES_MS)
    return {"jobs_per_s": jobs_per_s, "p50_ms": round(float(p50_ms), 1), "p99_ms": round(float(p99_ms), 1)}


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Measure floor and jobs alternately, so that both run under the same conditions."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as postgres:
        dsn = postgres.dsn()
        database = await Database.connect(dsn, application_name="ninefold bench")
        async with database.connection() as connection:
            await migrate(connection, migration_sources())
        rounds = [
            {
                "floor": await measure_floor(database, dsn, count=options.jobs),
                "jobs": await measure_jobs(database, dsn, count=options.jobs),
            }
            for _ in range(options.rounds)
        ]
        paced = await measure_paced(database, dsn, jobs_per_s=50, seconds=10)
        await database.close()
    return {
        **{name: _median([each[name] for each in rounds]) for name in ("floor", "jobs")},
        "ratio_to_floor": round(
            statistics.median(each["jobs"]["jobs_per_s"] / each["floor"]["jobs_per_s"] for each in rounds), 3
        ),
        "paced": paced,
        "rounds": rounds,
        "cores": psutil.cpu_count(),
        "load_average": os.getloadavg()[0],
    }


def print_results(results: dict[str, Any]) -> None:
    """Print the results, and whether the target was reached."""
    table = Table(
        title=f"Durable jobs, one worker, {results['cores']} cores (load {results['load_average']:.1f}), "
        f"median of {len(results['rounds'])} rounds"
    )
    for heading in ("", "jobs/s", "per worker CPU-second"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, key in (("floor: claim and finish of bare rows", "floor"), ("enqueued to succeeded", "jobs")):
        table.add_row(name, f"{results[key]['jobs_per_s']:,}", f"{results[key]['jobs_per_cpu_s']:,}")
    console = Console(width=110)
    console.print(table)
    paced, jobs_per_s = results["paced"], results["jobs"]["jobs_per_s"]
    console.print(f"At {paced['jobs_per_s']} jobs/s: p50 {paced['p50_ms']} ms, p99 {paced['p99_ms']} ms to succeeded.")
    verdict = "reached" if jobs_per_s >= JOBS_PER_S_TARGET else "not reached"
    console.print(f"{results['ratio_to_floor']:.0%} of the floor; {JOBS_PER_S_TARGET:,} jobs/s: {verdict}.")


async def _insert_items(database: Database, *, count: int) -> None:
    for _ in range(0, count, BATCH):
        async with database.transaction() as connection:
            for number in range(BATCH):
                await connection.execute("INSERT INTO bench.item (payload) VALUES ($1)", json.dumps({"value": number}))


async def _enqueue(database: Database, organisations: list[UUID], *, start: int, count: int) -> None:
    notifier = Notifier(database)
    for first in range(start, start + count, BATCH):
        async with database.transaction() as connection:
            for number in range(first, min(first + BATCH, start + count)):
                organisation_id = organisations[number % len(organisations)]
                await enqueue(connection, DOUBLE, Number(number), organisation_id=organisation_id)
        notifier.notify(JOBS_CHANNEL)


async def _wait_until_none(database: Database, query: str) -> None:
    async with asyncio.timeout(FINISH_TIMEOUT_S), database.connection() as connection:
        while await connection.fetchval(query):
            await asyncio.sleep(POLL_S)


async def _delete_jobs(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("DELETE FROM jobs.job WHERE kind = 'bench.double'")


async def _check(database: Database, *, count: int) -> None:
    """Raise unless every job ran once and has the correct result."""
    async with database.connection() as connection:
        wrong, distinct = await connection.fetchval(_WRONG), await connection.fetchval(_DISTINCT)
    if wrong or distinct != count:
        raise RuntimeError(f"{wrong} jobs have a wrong state or result; {distinct} of {count} jobs exist")


def _figures(count: int, *, began_at: float, cpu_s: float) -> dict[str, Any]:
    wall_s = time.perf_counter() - began_at
    return {
        "jobs": count,
        "wall_s": round(wall_s, 3),
        "worker_cpu_s": round(cpu_s, 3),
        "jobs_per_s": round(count / wall_s),
        "jobs_per_cpu_s": round(count / cpu_s),
    }


def _median(figures: list[dict[str, Any]]) -> dict[str, Any]:
    return sorted(figures, key=lambda each: each["jobs_per_s"])[len(figures) // 2]


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def main() -> None:
    """Measure, print the results, and write them to the file."""
    parser = argparse.ArgumentParser(description="Compare durable jobs with the floor on this machine.")
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    results = asyncio.run(measure(parser.parse_args()))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print_results(results)


if __name__ == "__main__":
    main()
