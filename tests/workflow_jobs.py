"""Runs jobs of workflow texts in tests, without a server, and collects what they say."""

import asyncio
import os
import textwrap
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ninefold.systems.workflows.execution.job import run_job
from ninefold.systems.workflows.execution.order import JobFolders, JobOrder
from ninefold.systems.workflows.execution.processes import StopTimes
from ninefold.systems.workflows.execution.report import (
    Annotation,
    JobResult,
    LogLine,
    StepInfo,
    StepResult,
)
from ninefold.systems.workflows.model.workflow import Job
from ninefold.systems.workflows.reading import read_workflow

QUICK = StopTimes(interrupt_s=2, terminate_s=2, output_s=0.5)


class RecordedJob:
    """A `JobReport` that keeps everything."""

    def __init__(self) -> None:
        self.log: list[LogLine] = []
        self.annotations: list[Annotation] = []
        self.summaries: list[tuple[int, str]] = []
        self.started: list[str] = []
        self.ended: list[StepResult] = []
        self._changed = asyncio.Event()

    def step_started(self, step: StepInfo, at: datetime) -> None:
        del at
        self.started.append(step.name)

    def step_ended(self, result: StepResult) -> None:
        self.ended.append(result)

    def line(self, line: LogLine) -> None:
        self.log.append(line)
        self._changed.set()

    def annotation(self, annotation: Annotation) -> None:
        self.annotations.append(annotation)

    def summary(self, step: StepInfo, markdown: str) -> None:
        self.summaries.append((step.number, markdown))

    async def flush(self) -> None:
        pass

    @property
    def text(self) -> str:
        """All lines."""
        return "\n".join(line.text for line in self.log)

    def output(self) -> list[str]:
        """Return what the processes of steps have written: lines of `run` and `uses` that are outside of groups."""
        lines: list[str] = []
        in_group = False
        for line in self.log:
            if line.text.startswith("##[group]"):
                in_group = True
            elif line.text == "##[endgroup]":
                in_group = False
            elif not in_group and not line.step.id.startswith(("__set_up", "__complete")):
                lines.append(line.text)
        return lines

    def results(self) -> dict[str, tuple[str, str]]:
        """Return outcome and conclusion by the names of the steps."""
        return {each.step.name: (each.outcome, each.conclusion) for each in self.ended}

    async def wait_for(self, text: str) -> None:
        """Wait until a line contains a text."""
        async with asyncio.timeout(30):
            while not any(text in line for line in self.output()):
                self._changed.clear()
                await self._changed.wait()


class JobInTest:
    """A job that can be started. It is the job of the text `jobs: {job: …}`.

    Args:
        folder: an empty folder.
        text: the body of the job, such as `steps: …`, with any indentation.
        contexts: besides a small context `github`.
        fields: other fields of the order.
    """

    def __init__(self, folder: Path, text: str, *, contexts: Mapping[str, Any] | None = None, **fields: Any) -> None:
        body = textwrap.indent(textwrap.dedent(text), "    ")
        workflow = read_workflow(f"on: push\njobs:\n  job:\n    runs-on: x\n{body}", file="test.yml")
        job = workflow.jobs["job"]
        assert isinstance(job, Job)
        github = {"repository": "acme/site", "event_name": "push", "sha": "1" * 40, "workflow": "test"}
        defaults: dict[str, Any] = {
            "env": tuple(env for env in (job.env,) if env is not None),
            "defaults": job.defaults,
            "times": QUICK,
            "variables": {"PATH": os.environ["PATH"], "HOME": str(folder / "home")},
        }
        self.workspace = folder / "workspace"
        self.workspace.mkdir(parents=True)
        self.order = JobOrder(
            job_id="job",
            name="job",
            steps=job.steps,
            outputs=job.outputs,
            container=job.container,
            containers_of_services=job.services,
            contexts={"github": github, **(contexts or {})},
            folders=JobFolders(
                workspace=str(self.workspace),
                temp=str(folder / "temp"),
                tools=str(folder / "tools"),
                actions=str(folder / "actions"),
            ),
            **{**defaults, **fields},
        )
        self.record = RecordedJob()
        self.cancel = asyncio.Event()

    async def run(self) -> JobResult:
        """Run the job to its end."""
        async with asyncio.timeout(120):
            return await run_job(self.order, self.record, self.cancel)


def write_action(folder: Path, action: str, files: Mapping[str, str] | None = None) -> None:
    """Write an `action.yml` and other files."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "action.yml").write_text(textwrap.dedent(action))
    for name, content in (files or {}).items():
        (folder / name).write_text(textwrap.dedent(content))
