"""Prints a local run: as lines for people, with the job at the beginning of each, or as a JSON object per line."""

import re
import sys
from datetime import datetime
from itertools import cycle
from typing import IO, Final, Protocol

import msgspec

from ninefold.core.commands import as_plain
from ninefold.systems.workflows.execution.report import (
    Annotation,
    JobReport,
    JobResult,
    LogLine,
    StepConclusion,
    StepInfo,
    StepResult,
)

_COLOURS: Final = (36, 35, 34, 33, 32)
"""Of the jobs' names: cyan, magenta, blue, yellow, green."""

_RED: Final = 31
_YELLOW: Final = 33
_BLUE: Final = 34
_GREEN: Final = 32
_DIM: Final = 2

_ICONS: Final[dict[StepConclusion, tuple[str, int]]] = {
    "success": ("✓", _GREEN),
    "failure": ("✗", _RED),
    "cancelled": ("-", _YELLOW),
    "skipped": ("-", _DIM),
}
_MARKS: Final = {
    "error": ("Error: ", _RED),
    "warning": ("Warning: ", _YELLOW),
    "notice": ("Notice: ", _BLUE),
    "debug": ("", _DIM),
    "command": ("", _BLUE),
    "group": ("▸ ", _DIM),
}
_MARK: Final = re.compile(
    r"(?:##\[(?P<mark>error|warning|notice|debug|command|group|endgroup)\]|\[command\])(?P<text>.*)"
)
_STYLE: Final = re.compile(r"(\x1b\[[0-9;]*m)")
_ESCAPE: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


class JobPrinter(JobReport, Protocol):
    """Prints one job, and is told how the job ends."""

    def ended(self, result: JobResult) -> None:
        """Print how the job has ended."""


class Terminal:
    """Where lines for people are printed; with colours only if it is a terminal."""

    def __init__(self, stream: IO[str] | None = None) -> None:
        self._stream = stream or sys.stdout
        self._has_colours = self._stream.isatty()
        self._colours = cycle(_COLOURS)
        self._width = 0

    def job(self, name: str) -> JobPrinter:
        """Return what prints one job."""
        self._width = max(self._width, len(name))
        return _TextPrinter(self, name, next(self._colours))

    def print(self, name: str, colour: int, text: str, style: int | None = None) -> None:
        """Print a line of a job."""
        shown = without_controls(text, has_styles=self._has_colours)
        prefix = self._styled(as_plain(name).ljust(self._width), colour)
        self._stream.write(f"{prefix} │ {self._styled(shown, style) if style else shown}\n")
        self._stream.flush()

    def _styled(self, text: str, style: int) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self._has_colours else text


class _TextPrinter:
    def __init__(self, terminal: Terminal, name: str, colour: int) -> None:
        self._terminal = terminal
        self._name = name
        self._colour = colour
        self._depth = 0

    def step_started(self, step: StepInfo, at: datetime) -> None:
        del at
        self._print(f"● {step.name}")
        self._depth = 1

    def step_ended(self, result: StepResult) -> None:
        self._depth = 0
        icon, style = _ICONS[result.outcome]
        took_s = (result.ended_at - result.started_at).total_seconds()
        note = "" if result.outcome == result.conclusion else ", but the job continues"
        word = "" if result.outcome == "success" else f": {result.outcome}{note}"
        self._print(f"{icon} {result.step.name}{word} ({took_s:.1f} s)", style)

    def line(self, line: LogLine) -> None:
        match = _MARK.match(line.text)
        if match is None:
            self._print(line.text)
            return
        mark = match["mark"] or "command"
        if mark == "endgroup":
            self._depth = 1
            return
        start, style = _MARKS[mark]
        if mark == "group":
            self._depth = 1
        self._print(start + match["text"], style)
        if mark == "group":
            self._depth = 2

    def annotation(self, annotation: Annotation) -> None:
        if annotation.file:
            place = f"{annotation.file}{f':{annotation.line}' if annotation.line else ''}"
            self._print(f"↳ {place}{f' ({annotation.title})' if annotation.title else ''}", _DIM)

    def summary(self, step: StepInfo, markdown: str) -> None:
        del step
        for text in markdown.rstrip("\n").split("\n"):
            self._print(f"▍ {text}", _BLUE)

    def ended(self, result: JobResult) -> None:
        self._print(f"Job {result.conclusion.replace('_', ' ')}", _GREEN if result.conclusion == "success" else _RED)

    async def flush(self) -> None:
        pass

    def _print(self, text: str, style: int | None = None) -> None:
        self._terminal.print(self._name, self._colour, "  " * self._depth + text, style)


class JsonLines:
    """Prints each thing that happens as a JSON object on a line."""

    def __init__(self, stream: IO[str] | None = None) -> None:
        self._stream = stream or sys.stdout

    def job(self, name: str) -> JobPrinter:
        """Return what prints one job."""
        return _JsonPrinter(self, name)

    def print(self, **fields: object) -> None:
        """Print an object."""
        self._stream.write(msgspec.json.encode(fields).decode() + "\n")
        self._stream.flush()


class _JsonPrinter:
    def __init__(self, lines: JsonLines, name: str) -> None:
        self._lines = lines
        self._name = name

    def step_started(self, step: StepInfo, at: datetime) -> None:
        self._lines.print(type="step_started", job=self._name, step=step, at=at)

    def step_ended(self, result: StepResult) -> None:
        self._lines.print(type="step_ended", job=self._name, **msgspec.structs.asdict(result))

    def line(self, line: LogLine) -> None:
        self._lines.print(type="line", job=self._name, step_number=line.step.number, at=line.at, text=line.text)

    def annotation(self, annotation: Annotation) -> None:
        self._lines.print(type="annotation", job=self._name, **msgspec.structs.asdict(annotation))

    def summary(self, step: StepInfo, markdown: str) -> None:
        self._lines.print(type="summary", job=self._name, step_number=step.number, markdown=markdown)

    def ended(self, result: JobResult) -> None:
        self._lines.print(type="job_ended", job=self._name, conclusion=result.conclusion, outputs=result.outputs)

    async def flush(self) -> None:
        pass


def without_controls(text: str, *, has_styles: bool) -> str:
    """Return a line without what would move the cursor or change the terminal; colours stay where they are wanted."""
    parts = []
    for index, part in enumerate(_STYLE.split(text)):
        if index % 2 == 0:
            parts.append(as_plain(_ESCAPE.sub("", part), has_lines=True))
        elif has_styles:
            parts.append(part)
    return "".join(parts) + ("\x1b[0m" if has_styles and len(parts) > 1 else "")
