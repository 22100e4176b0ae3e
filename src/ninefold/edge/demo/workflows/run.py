"""The steps of `ninefold demo workflows`: push, watch, kill the runner, run again what failed, and compare."""

import asyncio
import hashlib
import io
import re
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Final

import httpx
import psutil

from ninefold.edge.demo.installation import Installation, start_installation
from ninefold.edge.demo.killing import kill_alone
from ninefold.edge.demo.presentation import present
from ninefold.edge.demo.progress import Progress
from ninefold.edge.demo.workflows.display import RunView, print_summary
from ninefold.edge.demo.workflows.expected import ARTIFACT, KILLED_AT, KILLED_JOB, expected_tag, place_of
from ninefold.edge.demo.workflows.isolation import choose_isolation
from ninefold.edge.demo.workflows.repository import Repository
from ninefold.edge.demo.workflows.summary import JobOutcome, WorkflowsSummary, find_problems
from ninefold.edge.demo.workflows.watching import ENDED, Job, RunWatcher, Watched
from ninefold.edge.simulation.api import RetryingApi
from ninefold.edge.simulation.clients import Address

NAME: Final = "postage"
RUNNER: Final = ("process", "workflows.runner")
LEASE_S: Final = 3
"""After how long without a message the runner is lost; by default it is longer, which is too long to watch."""

POLL_S: Final = 0.25
LEFTOVERS_WITHIN_S: Final = 10.0
ENDS_WITHIN_S: Final = 240.0

_ERROR: Final = "##[error]"
_PASSABLE: Final = 0o711
_CHECKSUM: Final = re.compile(r"\b([0-9a-f]{64})  price-list\.csv")
"""As the log of the last job shows it, to which it was passed as an output."""

_ANNOUNCEMENT: Final = re.compile(r"^(Price list v.*)")


async def run_workflows_demo(*, is_json: bool) -> bool:
    """Run the whole demo.

    Args:
        is_json: print the summary as JSON on standard output, and progress on standard error.

    Returns:
        Whether each verdict, the artifact and the number of times that each step ran are as they must be.
    """
    return await present(_demonstrate, RunView(), print_summary=print_summary, is_json=is_json)


async def _demonstrate(progress: Progress[Watched]) -> WorkflowsSummary:
    isolation = await asyncio.to_thread(choose_isolation)
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(_temporary_folder())
        settings = {
            "NINEFOLD_WORKFLOWS_LEASE_S": str(LEASE_S),
            "NINEFOLD_WORKFLOWS_RUNNER_FOLDER": str(folder / "runner"),
            **isolation.settings,
        }
        progress.say("Starting Ninefold with an embedded PostgreSQL in a temporary folder")
        installation = await stack.enter_async_context(start_installation(settings))
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=30.0))
        demonstration = Demonstration(installation, http, folder, progress)
        started_at_s = time.monotonic()
        async with asyncio.timeout(ENDS_WITHIN_S):
            await demonstration.push()
            await demonstration.lose_the_runner()
            await demonstration.run_again("Running again what failed, on the new runner")
            await demonstration.push_tag()
            await demonstration.run_again("Running again what failed, now that there is the tag")
            artifact = await demonstration.download()
        duration_s = time.monotonic() - started_at_s
        progress.say("Stopping Ninefold and removing its folder")
    jobs = demonstration.outcomes()
    problems = find_problems(
        jobs,
        artifact=artifact,
        checksum=demonstration.find_in_logs(_CHECKSUM),
        announcement=demonstration.find_in_logs(_ANNOUNCEMENT),
        attempts=len(demonstration.watcher.jobs),
        leftovers=demonstration.leftovers if isolation.is_strong else [],
    )
    return WorkflowsSummary(
        is_complete=not problems and demonstration.killed != [],
        attempts=len(demonstration.watcher.jobs),
        jobs=jobs,
        killed=demonstration.killed,
        lost_why=demonstration.lost_why,
        lost_after_s=demonstration.lost_after_s,
        failed_why=demonstration.failed_why,
        announcement=demonstration.find_in_logs(_ANNOUNCEMENT),
        artifact=ARTIFACT,
        artifact_bytes=len(artifact),
        artifact_sha256=hashlib.sha256(artifact).hexdigest(),
        isolation=isolation.note,
        duration_s=round(duration_s, 1),
        problems=problems,
    )


class Demonstration:
    """Pushes the project, and follows its run.

    Args:
        installation: where everything happens.
        http: a client for the API.
        folder: an empty folder for the project.
        progress: shows how far the run has come.
    """

    def __init__(
        self, installation: Installation, http: httpx.AsyncClient, folder: Path, progress: Progress[Watched]
    ) -> None:
        self.killed: Final[list[str]] = []
        self.leftovers: list[str] = []
        self.lost_why = ""
        self.lost_after_s: float | None = None
        self.failed_why = ""
        self.watcher: RunWatcher
        self._installation: Final = installation
        self._folder: Final = folder
        self._progress: Final = progress
        self._repository: Repository
        self._api: Final = RetryingApi(
            http, Address([installation.url]), api_key=installation.api_key, prefix="/api/v1/workflows"
        )

    async def push(self) -> None:
        """Create a repository, push the project to it, and find the run that this starts."""
        created = await self._api.request("POST", "/repositories", {"name": NAME})
        self._repository = Repository(self._folder / NAME, url=created["clone_url"], api_key=self._installation.api_key)
        sha = await self._repository.push()
        self._progress.say(f"git has pushed {sha[:12]} to {created['full_name']}. A run begins")
        self.watcher = RunWatcher(self._api, await self._find_run(created["repository_id"]))

    async def _find_run(self, repository_id: str) -> str:
        while True:
            found = (await self._api.request("GET", f"/runs?repository_id={repository_id}"))["items"]
            if found:
                run_id: str = found[0]["run_id"]
                return run_id
            await asyncio.sleep(POLL_S)

    async def lose_the_runner(self) -> None:
        """Kill the runner in the middle of a job, and wait until the run has ended without it."""
        job = await self._watch(until=lambda watched: self._job_at(watched, KILLED_JOB, line=KILLED_AT))
        children = kill_alone(self._installation.pid, RUNNER)
        if job is None or children is None:
            return
        killed_at_s = time.monotonic()
        self.killed.append(f"ninefold {' '.join(RUNNER)}")
        self._progress.say(f"Killed the runner with SIGKILL, in the middle of {KILLED_JOB}")
        lost = await self._watch(until=lambda watched: self._ended_job(watched, KILLED_JOB))
        self.lost_why = (lost.why if lost else None) or ""
        self.lost_after_s = round(time.monotonic() - killed_at_s, 1)
        self._progress.say(f"Ninefold says {self.lost_after_s:.1f} s later: {self.lost_why}")
        await self._watch(until=lambda watched: watched.run.status in ENDED)
        self.leftovers = await _wait_for_the_end(children)

    async def run_again(self, what: str) -> None:
        """Run again the jobs of the run that failed, and wait for its end."""
        self._progress.say(what)
        watched = await self.watcher.look()
        await self._api.request("POST", f"/runs/{watched.run.run_id}/rerun", {"jobs": "failed"})
        await self._watch(until=lambda later: later.run.attempt > watched.run.attempt and later.run.status in ENDED)

    async def push_tag(self) -> None:
        """Push what the failed job has missed."""
        failed = [job for job in self.watcher.jobs[max(self.watcher.jobs)] if job.status == "failed"]
        errors = [line for job in failed for line in self.watcher.log_of(job) if line.startswith(_ERROR)]
        self.failed_why = next(iter(errors), "").removeprefix(_ERROR)
        names = ", ".join(job.name for job in failed)
        self._progress.say(f"{names} has failed: {self.failed_why} git pushes {expected_tag()}")
        await self._repository.push_tag(expected_tag())

    async def download(self) -> bytes:
        """Return the file in the artifact."""
        run_id = (await self.watcher.look()).run.run_id
        artifacts = (await self._api.request("GET", f"/runs/{run_id}/artifacts"))["items"]
        found = [each for each in artifacts if each["name"] == ARTIFACT]
        if not found:
            return b""
        answer = await self._api.send("GET", f"/artifacts/{found[0]['artifact_id']}/content")
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            return b"".join(archive.read(name) for name in archive.namelist())

    def outcomes(self) -> list[JobOutcome]:
        """Return what became of each job, in all attempts together."""
        verdicts: dict[str, list[str]] = {}
        steps: dict[str, Counter[str]] = {}
        for job in self._own_jobs():
            verdicts.setdefault(job.name, []).append(job.status)
            steps.setdefault(job.name, Counter()).update(self.watcher.count_steps(job))
        return [
            JobOutcome(name=name, verdicts=verdicts[name], steps=dict(steps[name]))
            for name in sorted(verdicts, key=place_of)
        ]

    def find_in_logs(self, pattern: re.Pattern[str]) -> str:
        """Return what the group of a pattern has matched in the first line that it is in, or an empty text."""
        lines = (line for job in self._own_jobs() for line in self.watcher.log_of(job))
        found = (match[1] for line in lines if (match := pattern.search(line)))
        return next(found, "")

    def _own_jobs(self) -> list[Job]:
        """Return the jobs of all attempts, without the copies of those that a later attempt didn't run again."""
        return [
            job
            for attempt in sorted(self.watcher.jobs)
            for job in self.watcher.jobs[attempt]
            if job.reused_job_id is None
        ]

    async def _watch(self, *, until: Callable[[Watched], object]) -> Job | None:
        """Show the run until something is true, or it has ended; return the job that was found, if it is one."""
        while True:
            watched = await self.watcher.look()
            self._progress.show(watched)
            found = until(watched)
            if found or watched.run.status in ENDED:
                return found if isinstance(found, Job) else None
            await asyncio.sleep(POLL_S)

    def _job_at(self, watched: Watched, name: str, *, line: str) -> Job | None:
        return next((job for job in watched.jobs if job.name == name and line in self.watcher.log_of(job)), None)

    def _ended_job(self, watched: Watched, name: str) -> Job | None:
        return next((job for job in watched.jobs if job.name == name and job.status in ENDED), None)


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ninefold-demo-") as name:
        folder = Path(name)
        # So that a job reaches its own folder, if it has another user and no view of its own of the files.
        folder.chmod(_PASSABLE)
        yield folder


async def _wait_for_the_end(processes: list[psutil.Process]) -> list[str]:
    """Return the names of processes that don't end by themselves."""
    _, alive = await asyncio.to_thread(psutil.wait_procs, processes, timeout=LEFTOVERS_WITHIN_S)
    return [process.name() for process in alive if process.is_running()]
