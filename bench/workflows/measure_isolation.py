"""Measures what the sandbox of a job costs, against the same executor in a plain process, and in this process.

    .venv/bin/python bench/workflows/measure_isolation.py [--jobs 10]

Needs root, bubblewrap and control groups. Each job has one step, which runs `true`; a job that doesn't succeed doesn't
count. The three take turns, so that a busy machine slows all of them.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from ninefold.systems.workflows.execution.job import run_job
from ninefold.systems.workflows.execution.order import JobFolders, JobOrder
from ninefold.systems.workflows.execution.report import Annotation, LogLine, StepInfo, StepResult
from ninefold.systems.workflows.isolation.host import IsolationHost, make_isolation_host
from ninefold.systems.workflows.isolation.machine import Machine
from ninefold.systems.workflows.isolation.policy import IsolationPolicy, JobFacts
from ninefold.systems.workflows.model.workflow import Job
from ninefold.systems.workflows.reading import read_workflow

FACTS = JobFacts(organisation_number=0, is_trusted=True)


class FirstStep:
    """A `JobReport` that knows when the first step has begun."""

    def __init__(self) -> None:
        self.began_s: float | None = None

    def step_started(self, step: StepInfo, at: datetime) -> None:
        """Take that a step has begun."""
        del step, at
        self.began_s = self.began_s or time.perf_counter()

    def step_ended(self, result: StepResult) -> None:
        """Take that a step has ended."""
        del result

    def line(self, line: LogLine) -> None:
        """Take a line."""
        del line

    def annotation(self, annotation: Annotation) -> None:
        """Take an annotation."""
        del annotation

    def summary(self, step: StepInfo, markdown: str) -> None:
        """Take a summary."""
        del step, markdown

    async def flush(self) -> None:
        """Wait for nothing."""


def order_in(folder: Path) -> JobOrder:
    """Return a job of one step."""
    workflow = read_workflow("on: push\njobs: {job: {runs-on: x, steps: [{run: 'true'}]}}", file="x.yml")
    job = workflow.jobs["job"]
    assert isinstance(job, Job)
    names = ("workspace", "temp", "tools", "actions")
    return JobOrder(
        job_id="job",
        name="job",
        steps=job.steps,
        contexts={"github": {"repository": "acme/site"}},
        folders=JobFolders(**{name: str(folder / name) for name in names}),
        variables={"PATH": os.environ["PATH"], "HOME": str(folder)},
    )


def without_layers(machine: Machine) -> Machine:
    """Return a machine that has nothing to isolate jobs with."""
    return msgspec.structs.replace(
        machine, is_root=False, setpriv=None, bubblewrap=None, controllers=frozenset(), has_disks=False
    )


async def measure(host: IsolationHost | None, folder: Path) -> tuple[float, float]:
    """Return the milliseconds to the first step, and to the end."""
    report = FirstStep()
    with tempfile.TemporaryDirectory(dir=folder) as place:
        order = order_in(Path(place))
        began = time.perf_counter()
        if host is None:
            result = await run_job(order, report, asyncio.Event())
        else:
            result = await host.run_job(order, report, asyncio.Event(), facts=FACTS)
        ended = time.perf_counter()
    assert result.conclusion == "success"
    assert report.began_s is not None
    return (report.began_s - began) * 1000, (ended - began) * 1000


async def main(jobs: int) -> None:
    """Measure, and print a table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sandbox = make_isolation_host(IsolationPolicy(), folder / "sandbox")
        assert sandbox.is_strong, sandbox.findings
        plain = make_isolation_host(IsolationPolicy(), folder / "plain", machine=without_layers)
        hosts: Mapping[str, IsolationHost | None] = {
            "in this process": None,
            "a process of its own": plain,
            "a sandbox, all layers": sandbox,
        }
        taken: dict[str, list[tuple[float, float]]] = {title: [] for title in hosts}
        for _ in range(jobs + 1):
            for title, host in hosts.items():
                taken[title].append(await measure(host, folder))
    table = Table("a job of one step", "ms to its first step", "ms to its end")
    for title, times in taken.items():
        # The first round fills caches.
        table.add_row(title, *(f"{statistics.median(each):.0f}" for each in zip(*times[1:], strict=True)))
    Console().print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10)
    asyncio.run(main(parser.parse_args().jobs))
