"""What the demo sees of a run: its jobs in each attempt, and their logs, read from the API as they grow."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from ninefold.edge.demo.workflows.expected import place_of
from ninefold.edge.simulation.api import RetryingApi

LINES_LIMIT: Final = 500

ENDED: Final = frozenset({"succeeded", "failed", "canceled", "skipped"})
"""The states in which runs and jobs stay."""

_STEP_BEGINS: Final = "##[group]Run "


class Step(msgspec.Struct, frozen=True):
    """A step of a job: the fields that the demo uses."""

    number: int
    name: str
    status: str


class Job(msgspec.Struct, frozen=True):
    """A job of an attempt: the fields that the demo uses."""

    job_id: str
    attempt: int
    name: str
    status: str
    why: str | None = None
    runner: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    steps: list[Step] = []
    reused_job_id: str | None = None
    """The job of an earlier attempt that it is a copy of, if it wasn't run again."""


class Run(msgspec.Struct, frozen=True):
    """A run: the fields that the demo uses."""

    run_id: str
    attempt: int
    status: str
    why: str | None = None


class Watched(msgspec.Struct, frozen=True):
    """What is shown while the run goes on."""

    run: Run
    jobs: Sequence[Job]
    last_lines: dict[str, str]
    """Of the log of each job, by its id."""


class RunWatcher:
    """Reads a run and the logs of its jobs.

    Args:
        api: of the installation, below `/api/v1/workflows`.
        run_id: the run.
    """

    def __init__(self, api: RetryingApi, run_id: str) -> None:
        self._api: Final = api
        self._run_id: Final = run_id
        self._lines: Final[dict[str, list[tuple[int, str]]]] = {}
        self.jobs: Final[dict[int, list[Job]]] = {}
        """By attempt."""

    async def look(self) -> Watched:
        """Read how far the run has come."""
        run = msgspec.convert(await self._api.request("GET", f"/runs/{self._run_id}"), Run)
        jobs = await self._list_jobs(run.attempt)
        self.jobs[run.attempt] = jobs
        for job in jobs:
            if job.started_at is not None:
                await self._read_log(job.job_id)
        last_lines = {job_id: lines[-1][1] for job_id, lines in self._lines.items() if lines}
        return Watched(run, jobs, last_lines)

    def log_of(self, job: Job) -> list[str]:
        """Return the lines of a job's log that have been read."""
        return [text for _, text in self._lines.get(job.job_id, [])]

    def count_steps(self, job: Job) -> Counter[str]:
        """Return how often each step of a job has begun to run, by what its log says."""
        names = {step.number: step.name for step in job.steps}
        begun = (step for step, text in self._lines.get(job.job_id, []) if text.startswith(_STEP_BEGINS))
        return Counter(names.get(step, f"step {step}") for step in begun)

    async def _list_jobs(self, attempt: int) -> list[Job]:
        answer = await self._api.request("GET", f"/runs/{self._run_id}/jobs?attempt={attempt}")
        return sorted((msgspec.convert(each, Job) for each in answer["items"]), key=lambda job: place_of(job.name))

    async def _read_log(self, job_id: str) -> None:
        lines = self._lines.setdefault(job_id, [])
        while True:
            answer: dict[str, Any] = await self._api.request(
                "GET", f"/jobs/{job_id}/log?after={len(lines)}&limit={LINES_LIMIT}"
            )
            lines += [(each["step"], each["text"]) for each in answer["items"]]
            if len(answer["items"]) < LINES_LIMIT:
                return
