"""Pushes to hosted repositories while the server, the worker and the runner are killed, and judges what has run.

    .venv/bin/python bench/workflows/chaos.py [--seed 7] [--repositories 6] [--only 3] [--pushes 8] [--kills 8]

Into each repository, commits are pushed one after the other with git, each again and again until git says that it has
been accepted. A push starts a run of three jobs, whose steps write into a file of their run when they begin and end. In
the end, each accepted push must be recorded once and have started one run; each run must have ended; no step may have
begun twice; and what the server says about a job must agree with what its steps have written: a job may have failed
only because its runner was lost, and then the jobs that need it haven't run.

The order of the kills, and in which push each of them happens, follow from the seed. Exits with 1 if anything is wrong.
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg
import httpx

from ninefold.edge.simulation.nodes import Nodes, kill_at, running_nodes
from ninefold.edge.simulation.rounds import add_options, numbers_of, play_rounds, print_outcome

PROGRAM: Final = "bench/workflows/chaos.py"
SERVER: Final = "server 0"
API: Final = "/api/v1/workflows"
LEASE_S: Final = 5
RUNNER_JOBS: Final = 4
GIVE_UP_S: Final = 180.0
"""On one push, and on the end of all runs, on a busy machine."""

RETRY_S: Final = 0.1
PAUSE_S: Final = (0.0, 2.0)
"""Between two pushes to a repository."""

PUSH_S: Final = 0.3
"""About how long git takes: a kill that is due within a push comes so much later than its beginning at most."""

LOST: Final = "The runner was lost while the job ran."
WORKFLOW: Final = """
on: push
jobs:
  first: {steps}
  second: {steps}
  last: {needing}
"""
JOB: Final = """{{{needs}runs-on: ubuntu-latest, steps: [{{run: 'echo "begun $GITHUB_JOB" >> "{file}"'}},
    {{run: 'sleep {sleep_s}; echo "ended $GITHUB_JOB" >> "{file}"'}}]}}"""
JOBS: Final = ("first", "second", "last")
GIT: Final = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
}
"""The identity of git; no settings of the machine."""


class Repository:
    """A hosted repository, and the one that is pushed from.

    Args:
        number: which of all.
        work: the folder that is pushed from.
        ledger: the folder of the files that steps write.
    """

    def __init__(self, number: int, *, work: Path, ledger: Path) -> None:
        self.number: Final = number
        self.work: Final = work
        self.ledger: Final = ledger
        self.pushed: Final[list[str]] = []


class Simulation:
    """Pushes, and judges what has come of it.

    Args:
        nodes: the processes.
        http: a client of the server.
        folder: for all files.
        options: of the program.
    """

    def __init__(self, nodes: Nodes, http: httpx.AsyncClient, folder: Path, options: argparse.Namespace) -> None:
        self.counts: Final[Counter[str]] = Counter()
        self.jobs: Final[Counter[str]] = Counter()
        self.problems: Final[dict[int, list[str]]] = {}
        self.kills: Final[list[str]] = []
        self._repositories: Final[list[Repository]] = []
        self._nodes: Final = nodes
        self._http: Final = http
        self._folder: Final = folder
        self._options: Final = options
        self._begun_at_s = 0.0

    async def push_all(self, number: int) -> None:
        """Create a repository, and push its commits one after the other."""
        repository = await self._create(number)
        dice = random.Random(f"{self._options.seed} {number}")
        for _ in range(self._options.pushes):
            await asyncio.sleep(dice.uniform(*PAUSE_S))
            await _git(repository.work, "commit", "--quiet", "--allow-empty", "--message=next")
            if not await self._push(repository):
                self.problems[number] = [f"A push wasn't accepted within {GIVE_UP_S:.0f} s."]
                return
            repository.pushed.append((await _git(repository.work, "rev-parse", "HEAD"))[1])

    async def _create(self, number: int) -> Repository:
        created = await self._request(f"{API}/repositories", {"name": f"site-{number}"})
        work, ledger = self._folder / f"work-{number}", self._folder / f"ledger-{number}"
        ledger.mkdir()
        dice = random.Random(f"{self._options.seed} {number} workflow")
        file = f"{ledger}/$GITHUB_RUN_ID"
        steps = JOB.format(needs="", file=file, sleep_s=f"{dice.uniform(0.2, 1.5):.2f}")
        needing = JOB.format(needs="needs: [first, second], ", file=file, sleep_s="0")
        (work / ".github" / "workflows").mkdir(parents=True)
        (work / ".github" / "workflows" / "ci.yml").write_text(WORKFLOW.format(steps=steps, needing=needing))
        await _git(work, "init", "--quiet", "--initial-branch=main")
        await _git(work, "add", "--all")
        url = urlsplit(self._nodes.urls[0])
        address = f"{url.scheme}://x:{self._nodes.api_key}@{url.netloc}/git/{created['full_name']}.git"
        await _git(work, "remote", "add", "origin", address)
        repository = Repository(number, work=work, ledger=ledger)
        self._repositories.append(repository)
        return repository

    async def _push(self, repository: Repository) -> bool:
        self.counts["pushes"] += 1
        self._begun_at_s = time.monotonic()
        give_up_at_s = self._begun_at_s + GIVE_UP_S
        while time.monotonic() < give_up_at_s:
            code, _ = await _git(repository.work, "push", "--quiet", "origin", "main", must_succeed=False)
            if code == 0:
                self.counts["accepted"] += 1
                return True
            self.counts["refused"] += 1
            await asyncio.sleep(RETRY_S)
        return False

    async def _request(self, path: str, body: dict[str, str]) -> dict[str, Any]:
        """Send a request until the server answers."""
        give_up_at_s = time.monotonic() + GIVE_UP_S
        headers = {"authorization": f"Bearer {self._nodes.api_key}", "idempotency-key": os.urandom(16).hex()}
        while True:
            try:
                answer = await self._http.post(f"{self._nodes.urls[0]}{path}", json=body, headers=headers)
            except httpx.TransportError:
                if time.monotonic() > give_up_at_s:
                    raise
                await asyncio.sleep(RETRY_S)
            else:
                answer.raise_for_status()
                created: dict[str, Any] = answer.json()
                return created

    async def register_runner(self) -> None:
        """Start a runner of the organisation."""
        registration = await self._request(f"{API}/registrations", {})
        await self._nodes.add(
            "runner",
            *("runner", "--url", self._nodes.urls[0], "--token", registration["token"]),
            *("--jobs", str(RUNNER_JOBS), "--folder", str(self._folder / "runner")),
        )

    async def kill(self) -> None:
        """Kill processes, each so far into a push as the seed says, and start them again."""
        dice = random.Random(f"{self._options.seed} kills")
        total = self._options.pushes * len(numbers_of(self._options))
        moments = sorted(dice.uniform(0.02, 0.95) * total for _ in range(self._options.kills))
        await kill_at(moments, self._nodes, dice, progress=self._progress, on_kill=self.kills.append)

    def _progress(self) -> float:
        """Return how many pushes have ended, and how far the last one may be."""
        return self.counts["pushes"] - 1 + min(1.0, (time.monotonic() - self._begun_at_s) / PUSH_S)

    def describe(self) -> str:
        """Return how far it has come."""
        return f"{self.counts['accepted']} pushes accepted, {len(self.kills)} kills"

    async def judge_all(self) -> None:
        """Wait until all runs have ended, and judge each repository."""
        connection = await asyncpg.connect(self._nodes.dsn)
        try:
            await self._wait_for_the_end(connection)
            for repository in self._repositories:
                problems = await self._judge(connection, repository)
                if problems:
                    self.problems.setdefault(repository.number, []).extend(problems)
        finally:
            await connection.close()

    async def _wait_for_the_end(self, connection: asyncpg.Connection) -> None:
        give_up_at_s = time.monotonic() + GIVE_UP_S
        query = """
            SELECT
                (SELECT count(*) FROM workflows.push WHERE state <> 'triggered')
                + (SELECT count(*) FROM workflows.run WHERE ended_at IS NULL)
        """
        while await connection.fetchval(query) and time.monotonic() < give_up_at_s:
            await asyncio.sleep(RETRY_S)

    async def _judge(self, connection: asyncpg.Connection, repository: Repository) -> list[str]:
        row_id = await connection.fetchval(
            "SELECT repository_id FROM workflows.repository WHERE name = $1", f"site-{repository.number}"
        )
        moved = await connection.fetch(
            "SELECT state, update->>'after' AS sha FROM workflows.push, jsonb_array_elements(updates) AS update "
            "WHERE repository_id = $1 ORDER BY push_id",
            row_id,
        )
        runs = await connection.fetch("SELECT * FROM workflows.run WHERE repository_id = $1 ORDER BY run_id", row_id)
        ref = await connection.fetchval("SELECT sha FROM workflows.ref WHERE repository_id = $1", row_id)
        problems = []
        if [row["sha"] for row in moved] != repository.pushed:
            problems.append(f"Pushed was {repository.pushed}, but recorded {[row['sha'] for row in moved]}.")
        if [run["head_sha"] for run in runs] != repository.pushed:
            problems.append(f"Pushed was {repository.pushed}, but run {[run['head_sha'] for run in runs]}.")
        if repository.pushed and ref != repository.pushed[-1]:
            problems.append(f"The branch is at {ref}, but {repository.pushed[-1]} was pushed last.")
        for run in runs:
            jobs = await connection.fetch("SELECT * FROM workflows.job WHERE run_id = $1", run["run_id"])
            written = repository.ledger / str(run["numeric_id"])
            lines = Counter(written.read_text().splitlines() if written.exists() else [])
            self.jobs.update(job["status"] for job in jobs)
            problems += [f"Run {run['number']}: {problem}" for problem in judge_run(run, jobs, lines)]
        self.counts["runs"] += len(runs)
        return problems


def judge_run(run: asyncpg.Record, jobs: list[asyncpg.Record], lines: Counter[str]) -> list[str]:
    """Return what is wrong with a run whose steps have written these lines."""
    problems = [f"{line!r} was written {count} times." for line, count in lines.items() if count > 1]
    statuses = {job["key"]: job["status"] for job in jobs}
    if run["status"] not in {"succeeded", "failed"} or set(statuses) != set(JOBS):
        problems.append(f"It is {run['status']}, with the jobs {statuses}.")
    for job in jobs:
        begun, ended = lines[f"begun {job['key']}"], lines[f"ended {job['key']}"]
        if job["status"] == "succeeded":
            is_right = begun == ended == 1
        elif job["status"] == "failed":
            is_right = job["why"].startswith(LOST)
        else:
            is_right = job["status"] == "skipped" and begun == 0 and run["status"] == "failed"
        if not is_right:
            problems.append(f"{job['key']} is {job['status']} ({job['why']}), begun {begun} and ended {ended} times.")
    return problems


async def _git(folder: Path, *arguments: str, must_succeed: bool = True) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *("git", "-C", str(folder), *arguments),
        env={**os.environ, **GIT},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    if must_succeed and process.returncode:
        raise RuntimeError(f"git {arguments[0]} failed: {errors.decode()}")
    return process.returncode or 0, output.decode().strip()


async def run(options: argparse.Namespace) -> tuple[dict[str, Any], dict[int, list[str]]]:
    """Push, kill and judge; return the outcome, and the problems of each repository that has any."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        settings = {
            "NINEFOLD_DATA_DIR": str(folder / "data"),
            "NINEFOLD_WORKFLOWS_REPOSITORIES": str(folder / "hosted"),
            "NINEFOLD_WORKFLOWS_LEASE_S": str(LEASE_S),
            "NINEFOLD_WORKFLOWS_RUNNER_ISOLATION": "none",
        }
        async with (
            running_nodes(folder / "postgres", names=[SERVER, "worker"], settings=settings) as nodes,
            httpx.AsyncClient(trust_env=False) as http,
        ):
            simulation = Simulation(nodes, http, folder, options)
            await simulation.register_runner()
            duration_s = await play_rounds(
                numbers_of(options),
                simulation.push_all,
                at_once=options.concurrency,
                kill=simulation.kill(),
                describe=simulation.describe,
            )
            await nodes.start_missing()
            began_at_s = time.monotonic()
            await simulation.judge_all()
            duration_s += time.monotonic() - began_at_s
    outcome = {
        "seed": options.seed,
        "repositories": len(numbers_of(options)),
        "failed": len(simulation.problems),
        **simulation.counts,
        "jobs": dict(simulation.jobs.most_common()),
        "kills": simulation.kills,
        "duration_s": round(duration_s, 1),
    }
    return outcome, simulation.problems


def main() -> None:
    """Run, print the outcome as JSON, and fail if a repository did."""
    parser = argparse.ArgumentParser(description="Push while processes are killed, and judge what has run.")
    add_options(parser, what="repositories", count=6, at_once=3, kills=8)
    parser.add_argument("--pushes", type=int, default=8, help="to each repository")
    options = parser.parse_args()
    outcome, problems = asyncio.run(run(options))
    print_outcome(outcome, problems, program=PROGRAM, options=options)
    if problems:
        sys.exit(1)


if __name__ == "__main__":
    main()
