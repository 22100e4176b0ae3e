"""Measures what the end of a job costs in a run of 1,000 jobs, with and without planners that are kept in memory.

    .venv/bin/python bench/workflows/measure_long_run.py

Prints a table, and writes bench/results/workflows_long_run.json. docs/benchmarks.md has the published results. The
floor is a transaction that locks a row, updates another and appends to a log. The run must have succeeded at its end,
with each of its jobs.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from rich.console import Console
from rich.table import Table

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.embedded import EmbeddedPostgres
from ninefold.core.postgres.migrations import migrate
from ninefold.edge.systems import migration_sources
from ninefold.systems.workflows.execution.report import JobResult
from ninefold.systems.workflows.model.repositories import Repository
from ninefold.systems.workflows.model.run_sources import TriggerEvent
from ninefold.systems.workflows.service.runs import planners
from ninefold.systems.workflows.service.runs.transitions import job_finished
from ninefold.systems.workflows.service.runs.triggers import start_runs

RESULTS: Final = Path(__file__).parent.parent / "results" / "workflows_long_run.json"
MATRICES: Final = 4
MATRIX_JOBS: Final = 250
REBUILT: Final = 40
"""Ends of jobs that are measured without a planner in memory, evenly over the run."""

FLOORS: Final = 200
SHA: Final = "1" * 40
FILE: Final = ".github/workflows/ci.yml"
_FLOOR: Final = (
    "CREATE TABLE IF NOT EXISTS floor_row (id int PRIMARY KEY, n int);"
    "CREATE TABLE IF NOT EXISTS floor_log (id bigserial PRIMARY KEY, data text);"
    "INSERT INTO floor_row VALUES (1, 0), (2, 0) ON CONFLICT DO NOTHING"
)


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
        """Know nothing."""
        del before, after
        return None

    async def resolve(self, ref: str) -> str | None:
        """Return the only commit."""
        del ref
        return SHA

    async def other(self, full_name: str) -> "OneFile | None":
        """Know no other repository."""
        del full_name
        return None


def workflow() -> str:
    """Return a workflow with several matrices, 1,000 jobs altogether."""
    numbers = ", ".join(map(str, range(MATRIX_JOBS)))
    jobs = "".join(
        f"  m{index}: {{runs-on: x, strategy: {{matrix: {{n: [{numbers}]}}}}, steps: [{{run: echo}}]}}\n"
        for index in range(MATRICES)
    )
    return f"on: push\njobs:\n{jobs}"


async def start(database: Database) -> tuple[UUID, float]:
    """Start the run; return its id and how long it took."""
    now, repository_id, organisation_id = datetime.now(UTC), new_id(), new_id()
    repository = Repository(
        repository_id=repository_id,
        organisation_id=organisation_id,
        owner="acme",
        name="site",
        default_branch="main",
        created_at=now,
        updated_at=now,
        pushed_at=None,
        github_full_name=None,
        github_clone_url=None,
    )
    async with database.transaction() as connection:
        await connection.execute("INSERT INTO workflows.owner VALUES ($1, 'acme')", organisation_id)
        await connection.execute(
            "INSERT INTO workflows.repository (repository_id, organisation_id, name, default_branch, created_at, "
            "updated_at) VALUES ($1, $2, 'site', 'main', $3, $3)",
            repository_id,
            organisation_id,
            now,
        )
    event = TriggerEvent(name="push", ref="refs/heads/main", sha=SHA, actor="bench")
    began_s = time.perf_counter()
    async with database.transaction() as connection:
        changed = await start_runs(connection, repository, event, OneFile(workflow()), at=now)
    return changed.run_ids[0], time.perf_counter() - began_s


async def lease_all(connection: Connection, run_id: UUID) -> list[UUID]:
    """Give all jobs to a runner; return them."""
    rows = await connection.fetch(
        "UPDATE workflows.job SET runner_id = $2, lease_number = 1, lease_expires_at = now() + INTERVAL '1 hour' "
        "WHERE run_id = $1 RETURNING job_id",
        run_id,
        new_id(),
    )
    return [row["job_id"] for row in rows]


async def end_all(database: Database, job_ids: Sequence[UUID]) -> dict[str, list[float]]:
    """End all jobs, one after the other; return the milliseconds that each took."""
    result = JobResult(conclusion="success", outputs={}, steps=())
    every = max(1, len(job_ids) // REBUILT)
    took: dict[str, list[float]] = {"kept": [], "rebuilt": []}
    for index, job_id in enumerate(job_ids):
        is_rebuilt = index % every == every - 1
        if is_rebuilt:
            planners.PLANNERS._kept.clear()  # noqa: SLF001 - as if another process had the run.
        began_s = time.perf_counter()
        async with database.transaction() as connection:
            await job_finished(connection, job_id, lease_number=1, result=result, at=datetime.now(UTC))
        took["rebuilt" if is_rebuilt else "kept"].append((time.perf_counter() - began_s) * 1000)
    return took


async def measure_floor(database: Database) -> list[float]:
    """Return the milliseconds of transactions that lock a row, update another and append to a log."""
    async with database.connection() as connection:
        for statement in _FLOOR.split(";"):
            await connection.execute(statement)
    took = []
    for _ in range(FLOORS):
        began_s = time.perf_counter()
        async with database.transaction() as connection:
            await connection.execute("SELECT n FROM floor_row WHERE id = 1 FOR UPDATE")
            await connection.execute("UPDATE floor_row SET n = n + 1 WHERE id = 2")
            await connection.execute("INSERT INTO floor_log (data) VALUES ('{}')")
        took.append((time.perf_counter() - began_s) * 1000)
    return took


async def measure(database: Database) -> dict[str, Any]:
    """Start a run of 1,000 jobs, and end them one by one."""
    run_id, start_s = await start(database)
    async with database.transaction() as connection:
        job_ids = await lease_all(connection, run_id)
    assert len(job_ids) == MATRICES * MATRIX_JOBS, "all jobs of the matrices are queued"
    took = await end_all(database, job_ids)
    async with database.connection() as connection:
        status = await connection.fetchval("SELECT status FROM workflows.run WHERE run_id = $1", run_id)
        ended = await connection.fetchval(
            "SELECT count(*) FROM workflows.job WHERE run_id = $1 AND status = 'succeeded'", run_id
        )
    assert (status, ended) == ("succeeded", len(job_ids)), "the run has succeeded, with each of its jobs"
    tenth = len(took["kept"]) // 10
    return {
        "start_s": start_s,
        "floor_ms": statistics.median(await measure_floor(database)),
        "kept_first_ms": statistics.median(took["kept"][:tenth]),
        "kept_last_ms": statistics.median(took["kept"][-tenth:]),
        "rebuilt_first_ms": statistics.median(took["rebuilt"][:5]),
        "rebuilt_last_ms": statistics.median(took["rebuilt"][-5:]),
    }


async def run(dsn: str) -> dict[str, Any]:
    """Measure in a database of its own."""
    database = await Database.connect(dsn, application_name="ninefold bench", connections_max=2)
    try:
        async with database.connection() as connection:
            await migrate(connection, migration_sources())
        return await measure(database)
    finally:
        await database.close()


def show(figures: dict[str, Any]) -> None:
    """Print the figures."""
    table = Table(title=f"A run of {MATRICES * MATRIX_JOBS:,} jobs, ended one by one")
    for name in ("what", "median"):
        table.add_column(name)
    table.add_row("starting the run", f"{figures['start_s']:.2f} s")
    for name in ("floor", "kept_first", "kept_last", "rebuilt_first", "rebuilt_last"):
        ratio = figures[f"{name}_ms"] / figures["floor_ms"]
        table.add_row(f"end of a job: {name.replace('_', ', ')}", f"{figures[f'{name}_ms']:.1f} ms, {ratio:.1f} floors")
    Console().print(table)


def main() -> None:
    """Measure, print, and write the results."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None).parse_args()
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "postgres") as postgres:
        figures = asyncio.run(run(postgres.dsn()))
    show(figures)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
