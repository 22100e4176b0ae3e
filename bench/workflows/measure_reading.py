"""Measures how fast workflow files are read, expressions evaluated, jobs planned and steps run, on one core.

    .venv/bin/python bench/workflows/measure_reading.py

Prints a table, and writes bench/results/workflows.json. docs/benchmarks.md has the published results. Each figure has a
floor in the same round: libyaml alone for files, Python's own compiled code for expressions, bash alone for steps. What
is read, evaluated, planned and run is checked: a wrong result doesn't count.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import psutil
import yaml
from rich.console import Console
from rich.table import Table

from ninefold.systems.workflows.execution.job import run_job
from ninefold.systems.workflows.execution.order import JobFolders, JobOrder
from ninefold.systems.workflows.execution.report import (
    Annotation,
    JobReport,
    LogLine,
    StepInfo,
    StepResult,
)
from ninefold.systems.workflows.expressions import ANYTHING, evaluate, make_scope, parse
from ninefold.systems.workflows.model.values import Object, to_value
from ninefold.systems.workflows.model.workflow import Job, Workflow
from ninefold.systems.workflows.planning import Outcome, Planner, RunContexts, Start
from ninefold.systems.workflows.reading import read_workflow

RESULTS: Final = Path(__file__).parent.parent / "results" / "workflows.json"
JOBS_OF_A_FILE: Final = 10
MATRIX_JOBS: Final = 256

EXPRESSION: Final = "github.ref == 'refs/heads/main' && contains(fromJSON('[1, 2, 3]'), 2) && format('{0}-{1}', 'a', 1)"
CONTEXTS: Final[Mapping[str, Any]] = {"github": {"ref": "refs/heads/main", "event_name": "push"}}

_JOB: Final = """
  job{number}:
    runs-on: ubuntu-latest
    needs: [{needs}]
    if: github.event_name == 'push'
    env: {{NUMBER: '{number}'}}
    steps:
      - uses: actions/checkout@v4
        with: {{fetch-depth: 0}}
      - name: Build
        run: |
          make build
          make test
      - id: last
        run: echo "version=${{{{ github.ref }}}}" >> "$GITHUB_OUTPUT"
"""


class Silent(JobReport):
    """Keeps the lines that a job has written."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def step_started(self, step: StepInfo, at: Any) -> None:
        """Ignore it."""

    def step_ended(self, result: StepResult) -> None:
        """Ignore it."""

    def line(self, line: LogLine) -> None:
        """Keep the line."""
        self.lines.append(line.text)

    def annotation(self, annotation: Annotation) -> None:
        """Ignore it."""

    def summary(self, step: StepInfo, markdown: str) -> None:
        """Ignore it."""

    async def flush(self) -> None:
        """Take more at once."""


def workflow_text(jobs: int) -> str:
    """Return a file of jobs that depend on each other."""
    bodies = [_JOB.format(number=number, needs=f"job{number - 1}" if number else "") for number in range(jobs)]
    return "on: push\njobs:" + "".join(bodies)


def rate(work: Callable[[], object], *, seconds: float) -> float:
    """Return how often something is done in a CPU-second of this process."""
    done, began_s = 0, time.process_time()
    while time.process_time() - began_s < seconds:
        work()
        done += 1
    return done / (time.process_time() - began_s)


def measure_reading(*, seconds: float) -> dict[str, float]:
    """Read a file of ten jobs, and let libyaml read the same text."""
    text = workflow_text(JOBS_OF_A_FILE)
    workflow = read_workflow(text, file="ci.yml")
    assert len(workflow.jobs) == JOBS_OF_A_FILE, "the file has ten jobs"
    return {
        "per_cpu_s": rate(lambda: read_workflow(text, file="ci.yml"), seconds=seconds),
        "floor_per_cpu_s": rate(lambda: list(yaml.parse(text, Loader=yaml.CSafeLoader)), seconds=seconds),
    }


def measure_expressions(*, seconds: float) -> dict[str, float]:
    """Evaluate an expression that was parsed before, and let Python evaluate the same in its own terms."""
    expression = parse(EXPRESSION, allowed=ANYTHING)
    scope = make_scope(CONTEXTS)
    assert evaluate(expression, scope) == to_value("a-1"), "the expression has this value"
    code = compile(
        "github['ref'].lower() == 'refs/heads/main' and 2 in loads('[1, 2, 3]') and '{0}-{1}'.format('a', 1)",
        "floor",
        "eval",
    )
    names = {**CONTEXTS, "loads": json.loads}
    return {
        "per_cpu_s": rate(lambda: evaluate(expression, scope), seconds=seconds),
        "floor_per_cpu_s": rate(lambda: eval(code, dict(names)), seconds=seconds),
    }


def plan(workflow: Workflow) -> int:
    """Plan a run whose jobs all succeed; return how many started."""
    github = to_value(dict(CONTEXTS["github"]))
    assert isinstance(github, Object), "a mapping is an Object"
    planner = Planner(workflow, contexts=RunContexts(github=github))
    waiting = [each for each in planner.begin() if isinstance(each, Start)]
    started = 0
    while waiting:
        started += 1
        decisions = planner.finish(waiting.pop().job.key, Outcome(conclusion="success"))
        waiting += [each for each in decisions if isinstance(each, Start)]
    return started


def measure_planning(*, seconds: float) -> dict[str, float]:
    """Plan a run with a matrix of 256 jobs, all of which succeed."""
    numbers = ", ".join(str(number) for number in range(MATRIX_JOBS))
    text = f"""
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    strategy: {{matrix: {{number: [{numbers}]}}}}
    steps: [{{run: 'echo ${{{{ matrix.number }}}}'}}]
"""
    workflow = read_workflow(text, file="ci.yml")
    assert plan(workflow) == MATRIX_JOBS, "all jobs of the matrix start"
    return {"per_cpu_s": MATRIX_JOBS * rate(lambda: plan(workflow), seconds=seconds)}


async def measure_steps(folder: Path, *, steps: int) -> dict[str, float]:
    """Run a job of many small steps, and as many scripts by bash alone; wall time."""
    bodies = "".join(f"      - run: echo step-{number}\n" for number in range(steps))
    workflow = read_workflow(f"on: push\njobs:\n  job:\n    runs-on: x\n    steps:\n{bodies}", file="ci.yml")
    job = workflow.jobs["job"]
    assert isinstance(job, Job), "it has steps"
    names = ("workspace", "temp", "tools", "actions")
    order = JobOrder(
        job_id="job",
        name="job",
        steps=job.steps,
        contexts={"github": {"repository": "acme/site", "sha": "1" * 40}},
        folders=JobFolders(**{name: str(folder / name) for name in names}),
        variables={"PATH": os.environ["PATH"]},
    )
    report, began_s = Silent(), time.perf_counter()
    result = await run_job(order, report, asyncio.Event())
    took_s = time.perf_counter() - began_s
    assert result.conclusion == "success", "all steps succeed"
    assert {f"step-{number}" for number in range(steps)} <= set(report.lines), "each step has written its line"
    return {"ms": took_s / steps * 1000, "floor_ms": await asyncio.to_thread(time_bash, folder, scripts=steps)}


def time_bash(folder: Path, *, scripts: int) -> float:
    """Return how many milliseconds a script takes that bash runs alone."""
    script = folder / "floor.sh"
    script.write_text("echo step\n")
    began_s = time.perf_counter()
    for _ in range(scripts):
        subprocess.run(["bash", "-e", script], check=True, capture_output=True)
    return (time.perf_counter() - began_s) / scripts * 1000


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Measure everything in turn, several times."""
    rounds = []
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            rounds.append(
                {
                    "reading": measure_reading(seconds=options.seconds),
                    "expressions": measure_expressions(seconds=options.seconds),
                    "planning": measure_planning(seconds=options.seconds),
                    "steps": asyncio.run(measure_steps(Path(folder), steps=options.steps)),
                }
            )
    medians = {
        name: {key: statistics.median(each[name][key] for each in rounds) for key in rounds[0][name]}
        for name in rounds[0]
    }
    return {**medians, "rounds": rounds, "cores": psutil.cpu_count(), "load_average": os.getloadavg()[0]}


def print_results(results: Mapping[str, Any]) -> None:
    """Print the results."""
    table = Table(
        title=f"Workflows, one core of {results['cores']} (load {results['load_average']:.1f}), "
        f"median of {len(results['rounds'])} rounds"
    )
    for heading in ("", "Ninefold", "floor"):
        table.add_column(heading, justify="right" if heading else "left")
    reading, expressions, steps = results["reading"], results["expressions"], results["steps"]
    rows = [
        ("files of 10 jobs read per CPU-second; floor: libyaml", reading["per_cpu_s"], reading["floor_per_cpu_s"]),
        ("expressions per CPU-second; floor: Python", expressions["per_cpu_s"], expressions["floor_per_cpu_s"]),
        ("jobs of a matrix of 256 planned per CPU-second", results["planning"]["per_cpu_s"], None),
    ]
    for name, figure, floor in rows:
        table.add_row(name, f"{figure:,.0f}", "" if floor is None else f"{floor:,.0f}")
    table.add_row("milliseconds of a step; floor: bash", f"{steps['ms']:.1f}", f"{steps['floor_ms']:.1f}")
    Console(width=110).print(table)


def main() -> None:
    """Measure, print the results, and write them to the file."""
    parser = argparse.ArgumentParser(description="Measure how workflows are read, planned and run on this machine.")
    parser.add_argument("--seconds", type=float, default=2.0, help="CPU time of each measurement")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    results = measure(parser.parse_args())
    print_results(results)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
