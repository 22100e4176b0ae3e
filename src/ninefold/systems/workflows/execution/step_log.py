"""The log of one step, and its annotations."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from ninefold.systems.workflows.execution.masking import Masker, MaskingStream
from ninefold.systems.workflows.execution.report import Annotation, JobReport, Level, LogLine, StepInfo

ANNOTATIONS_MAX: Final = 10
"""Annotations of each level that a step has; later ones are only lines of the log."""

MESSAGE_LENGTH_MAX: Final = 4_096
"""Characters of an annotation's message."""


class StepLog:
    """Writes lines and annotations of a step. Everything is masked here.

    Args:
        step: the step, as it is reported.
        report: takes what is written.
        masker: the secrets of the job.
        now: returns the time.
        is_debug: whether debug messages are written.
        workspace: what paths of files are relative to.
    """

    def __init__(
        self,
        step: StepInfo,
        report: JobReport,
        masker: Masker,
        *,
        now: Callable[[], datetime],
        is_debug: bool,
        workspace: str,
    ) -> None:
        self.step = step
        self._report = report
        self._masker = masker
        self._now = now
        self._is_debug = is_debug
        self._workspace = workspace
        self._counts: Counter[Level] = Counter()

    def write(self, text: str) -> None:
        """Write a line; line feeds in it make several."""
        for line in self._masker.mask(text).split("\n"):
            self._report.line(LogLine(self.step, self._now(), line))

    def long_line(self) -> "LongLine":
        """Begin a line that comes in parts."""
        return LongLine(MaskingStream(self._masker), self._write_masked)

    def write_debug(self, text: str) -> None:
        """Write a message that is only of interest to find faults."""
        if self._is_debug:
            for line in text.split("\n"):
                self.write(f"##[debug]{line}")

    def write_error(self, message: str) -> None:
        """Write an error, and make it an annotation."""
        self.annotate("error", message)

    def write_warning(self, message: str) -> None:
        """Write a warning, and make it an annotation."""
        self.annotate("warning", message)

    def annotate(
        self, level: Level, message: str, *, properties: Mapping[str, str] | None = None, line_text: str | None = None
    ) -> None:
        """Write a message, and make it an annotation if the step hasn't too many.

        Args:
            level: how serious it is.
            message: what it says.
            properties: `title`, `file`, `line`, `endline`, `col` and `endcolumn`, as a command has them.
            line_text: what is written instead of the message.
        """
        shown = message if line_text is None else line_text
        if shown:
            self.write(f"##[{level}]{shown}")
        if self._counts[level] < ANNOTATIONS_MAX:
            self._counts[level] += 1
            self._report.annotation(self._annotation(level, message, properties or {}))

    def summary(self, markdown: str) -> None:
        """Add to the step's summary."""
        self._report.summary(self.step, self._masker.mask(markdown))

    async def flush(self) -> None:
        """Wait until more may be written."""
        await self._report.flush()

    def _annotation(self, level: Level, message: str, properties: Mapping[str, str]) -> Annotation:
        mask = self._masker.mask
        places = _places(properties)
        return Annotation(
            step=self.step,
            level=level,
            message=mask(message)[:MESSAGE_LENGTH_MAX],
            title=mask(properties["title"]) if properties.get("title") else None,
            file=mask(_relative(properties["file"], self._workspace)) if properties.get("file") else None,
            line=places["line"],
            end_line=places["endline"],
            column=places["col"],
            end_column=places["endcolumn"],
        )

    def _write_masked(self, text: str) -> None:
        self._report.line(LogLine(self.step, self._now(), text))


class LongLine:
    """A line that comes in parts. Each is a line of the log, and secrets are found across them."""

    def __init__(self, stream: MaskingStream, write: Callable[[str], None]) -> None:
        self._stream = stream
        self._write = write

    def part(self, text: str, *, is_last: bool) -> None:
        """Write a part of the line."""
        masked = self._stream.feed(text) + (self._stream.finish() if is_last else "")
        if masked:
            self._write(masked)


def _places(properties: Mapping[str, str]) -> dict[str, int | None]:
    """Return lines and columns that agree with each other, as the runner's `ValidateLinesAndColumns` does."""
    line, end_line, column, end_column = (
        _number(properties.get(key)) for key in ("line", "endline", "col", "endcolumn")
    )
    line = end_line if line is None else line
    column = end_column if column is None else column
    if line is None or (end_line is not None and end_line != line):
        column = end_column = None
    if line is not None and end_line is not None and end_line < line:
        line = end_line = None
    if column is not None and end_column is not None and end_column < column:
        column = end_column = None
    return {"line": line, "endline": end_line, "col": column, "endcolumn": end_column}


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None


def _relative(file: str, workspace: str) -> str:
    path = Path(file)
    return str(path.relative_to(workspace)) if path.is_relative_to(workspace) else file
