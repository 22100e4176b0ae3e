"""What a job says while it runs: steps, lines, annotations, summaries. All of it is masked already."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

import msgspec

StepConclusion: TypeAlias = Literal["success", "failure", "cancelled", "skipped"]
"""How a step ended. It is also the word for its outcome, which is before `continue-on-error`."""

JobConclusion: TypeAlias = Literal["success", "failure", "cancelled", "timed_out"]
"""How a job ended."""

Level: TypeAlias = Literal["notice", "warning", "error"]
"""How serious an annotation is."""


class StepInfo(msgspec.Struct, frozen=True):
    """A step as people see it."""

    number: int
    """From 1, in the order in which steps begin."""
    id: str
    name: str


class StepResult(msgspec.Struct, frozen=True, kw_only=True):
    """How a step ended, and when."""

    step: StepInfo
    outcome: StepConclusion
    conclusion: StepConclusion
    started_at: datetime
    ended_at: datetime


class LogLine(msgspec.Struct, frozen=True):
    """A line of a step's log. `##[group]` and `##[endgroup]` surround a group, `##[error]` marks an error."""

    step: StepInfo
    at: datetime
    text: str


class Annotation(msgspec.Struct, frozen=True, kw_only=True):
    """A message about a file, or about the run."""

    step: StepInfo
    level: Level
    message: str
    title: str | None = None
    file: str | None = None
    """Relative to the workspace if it is in there."""
    line: int | None = None
    end_line: int | None = None
    column: int | None = None
    end_column: int | None = None


class JobResult(msgspec.Struct, frozen=True, kw_only=True):
    """How a job ended: its conclusion, its outputs and its steps in the order in which they ran."""

    conclusion: JobConclusion
    outputs: Mapping[str, str]
    steps: tuple[StepResult, ...]


class JobReport(Protocol):
    """Takes what a job says. Only `flush` may wait."""

    def step_started(self, step: StepInfo, at: datetime) -> None:
        """Take that a step has begun."""

    def step_ended(self, result: StepResult) -> None:
        """Take that a step has ended, or that it was skipped."""

    def line(self, line: LogLine) -> None:
        """Take a line of a log."""

    def annotation(self, annotation: Annotation) -> None:
        """Take an annotation; a step has at most ten of each level."""

    def summary(self, step: StepInfo, markdown: str) -> None:
        """Take what a step has written into its summary; it can come several times for a step."""

    async def flush(self) -> None:
        """Wait until more lines may come. Meanwhile nothing is read from the step's process."""
