"""What `ninefold demo workflows` shows: the jobs while they run, and at the end what became of each."""

import re
from datetime import UTC, datetime
from typing import Final

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from ninefold.core.commands import as_plain, state_text
from ninefold.edge.demo.workflows.summary import JobOutcome, WorkflowsSummary
from ninefold.edge.demo.workflows.watching import ENDED, Job, Watched

LINE_SHOWN: Final = 72
_MARK: Final = re.compile(r"^##\[[a-z]+\]|\[command\]|\x1b\[[0-9;]*m")


class RunView:
    """The jobs of a run in a terminal, and a line for each change elsewhere."""

    title: Final = "Ninefold demo: workflows"

    def __init__(self) -> None:
        self._described: dict[tuple[int, str], str] = {}

    def draw(self, shown: Watched, console: Console) -> RenderableType:
        """Return the jobs, how long they take, and the last line of the log of each that runs."""
        del console
        table = _table("job", f"attempt {shown.run.attempt}", "time", "")
        for job in shown.jobs:
            line = shown.last_lines.get(job.job_id, "") if job.status == "running" else job.why or ""
            table.add_row(job.name, state_text(job.status), _time(job), Text(_short(line), style="dim"))
        return table

    def describe(self, shown: Watched) -> str | None:
        """Return what has changed since the last time."""
        changes = []
        for job in shown.jobs:
            key = (shown.run.attempt, job.name)
            if self._described.get(key) != job.status:
                self._described[key] = job.status
                changes.append(f"{job.name} {job.status}")
        return f"Attempt {shown.run.attempt}: {', '.join(changes)}" if changes else None


def print_summary(console: Console, summary: WorkflowsSummary) -> None:
    """Print what became of each job, and whether all of it is as it must be."""
    console.print()
    table = _table("job", "attempts", "steps run")
    for job in summary.jobs:
        table.add_row(job.name, _verdicts(job), str(sum(job.steps.values())))
    console.print(table)
    console.print()
    after = "" if summary.lost_after_s is None else f", {summary.lost_after_s:.1f} s later"
    console.print(Text(f"Killed {', '.join(summary.killed) or 'nothing'}. Ninefold says{after}: {summary.lost_why}"))
    console.print(Text(f"The other failure: {summary.failed_why}"))
    console.print(Text(f"The last job says: {summary.announcement}"))
    console.print(Text(summary.isolation))
    console.print(_verdict(summary))


def _verdict(summary: WorkflowsSummary) -> Text:
    if not summary.is_complete:
        lines = [f"\n  {problem}" for problem in summary.problems]
        return Text.assemble(("✗ ", "red"), "The run isn't as it must be.", *lines)
    steps = sum(sum(job.steps.values()) for job in summary.jobs)
    return Text.assemble(
        ("✓ ", "green"),
        f"{len(summary.jobs)} jobs in {summary.attempts} attempts, in {summary.duration_s:.1f} s: each has ended as it "
        f"must, and each of the {steps} steps ran as often as it must.\n"
        f"  The artifact {summary.artifact} has {summary.artifact_bytes:,} bytes, byte for byte as expected.\n"
        f"  SHA-256 {summary.artifact_sha256}",
    )


def _verdicts(job: JobOutcome) -> Text:
    return Text(", ").join(state_text(each) for each in job.verdicts)


def _time(job: Job) -> str:
    if job.started_at is None:
        return ""
    ended = datetime.fromisoformat(job.ended_at) if job.ended_at else datetime.now(UTC)
    if job.status not in ENDED and job.ended_at:
        return ""
    return f"{max((ended - datetime.fromisoformat(job.started_at)).total_seconds(), 0):.1f} s"


def _short(line: str) -> str:
    text = as_plain(_MARK.sub("", line))
    return text if len(text) <= LINE_SHOWN else f"{text[: LINE_SHOWN - 1]}…"


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in names:
        table.add_column(name, justify="right" if name in {"time", "steps run"} else "left", no_wrap=True)
    return table
