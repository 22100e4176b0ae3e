"""Takes what the process inside says. It shares its user with the job's steps, so nothing of it is taken on trust."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from ninefold.systems.workflows.execution.report import (
    Annotation,
    JobConclusion,
    JobReport,
    JobResult,
    LogLine,
    StepInfo,
    StepResult,
)
from ninefold.systems.workflows.isolation.frames import (
    Annotated,
    Ended,
    Frame,
    Line,
    StepEnded,
    StepStarted,
    Summary,
)

ANNOTATIONS_MAX: Final = 10
"""Of each level in a step."""

SUMMARY_BYTES_MAX: Final = 1024 * 1024
"""Of a step."""

NAME_LENGTH_MAX: Final = 64 * 1024
"""Of a step's name and id together."""

_CLOCK_DIFFERENCE_MAX: Final = timedelta(seconds=60)
_COMPLETION: Final = "Complete job"


class ProtocolError(Exception):
    """The inside has said what it can't say. It is ended."""


class ReceivedReport:
    """Checks messages, and passes them on.

    Args:
        report: takes them.
        steps_max: how many steps the job can have, with those of `pre` and `post`.
        log_bytes_max: of all lines; others are left out.
        now: returns the time.
    """

    def __init__(self, report: JobReport, *, steps_max: int, log_bytes_max: int, now: Callable[[], datetime]) -> None:
        self._report = report
        self._steps_max = steps_max
        self._log_bytes_left = log_bytes_max
        self._now = now
        self._current: StepInfo | None = None
        self._ended: list[StepResult] = []
        self._annotations: Counter[str] = Counter()
        self._summary_bytes = 0
        self._started_at: datetime | None = None
        self.result: JobResult | None = None
        """What the inside has said at its end."""

    @property
    def has_begun(self) -> bool:
        """Whether anything has come."""
        return self._started_at is not None

    def take(self, frame: Frame) -> None:
        """Pass a message on.

        Raises:
            ProtocolError: it can't come now.
        """
        if self.result is not None:
            raise ProtocolError("a message after the result")
        match frame:
            case StepStarted():
                self._start(frame)
            case StepEnded():
                self._end(frame.result)
            case Line(line=line):
                self._take_line(line)
            case Annotated(annotation=annotation):
                self._annotate(annotation)
            case Summary():
                self._summarise(frame)
            case Ended(result=result):
                self._finish(result)

    def say(self, text: str) -> None:
        """Write a line into the log of the step that runs; without one, it is left out."""
        if self._current is not None:
            self._write(self._current, self._now(), text)

    def give_up(self, conclusion: JobConclusion, why: str) -> JobResult:
        """Return the result of a job that has ended without saying its own, and why it has, as a line."""
        if self._current is None:
            self._current = StepInfo(len(self._ended) + 1, "__complete", _COMPLETION)
            self._started_at = self._now()
            self._report.step_started(self._current, self._started_at)
        self._report.line(LogLine(self._current, self._now(), f"##[error]{why}"))
        assert self._started_at is not None
        result = StepResult(
            step=self._current,
            outcome="cancelled" if conclusion == "cancelled" else "failure",
            conclusion="cancelled" if conclusion == "cancelled" else "failure",
            started_at=self._started_at,
            ended_at=self._now(),
        )
        self._current = None
        self._ended.append(result)
        self._report.step_ended(result)
        return JobResult(conclusion=conclusion, outputs={}, steps=tuple(self._ended))

    def _start(self, frame: StepStarted) -> None:
        step = frame.step
        if self._current is not None or step.number != len(self._ended) + 1 or step.number > self._steps_max:
            raise ProtocolError(f"step {step.number} can't begin now")
        if len(step.name) + len(step.id) > NAME_LENGTH_MAX:
            raise ProtocolError("a step with a name that is too long")
        self._current = step
        self._started_at = frame.at
        self._annotations.clear()
        self._summary_bytes = 0
        self._check_time(frame.at)
        self._report.step_started(step, frame.at)

    def _end(self, result: StepResult) -> None:
        self._check_step(result.step)
        if result.started_at != self._started_at:
            raise ProtocolError("a step that began at another time")
        self._check_time(result.ended_at)
        self._current = None
        self._ended.append(result)
        self._report.step_ended(result)

    def _annotate(self, annotation: Annotation) -> None:
        self._check_step(annotation.step)
        self._annotations[annotation.level] += 1
        if self._annotations[annotation.level] <= ANNOTATIONS_MAX:
            self._report.annotation(annotation)

    def _summarise(self, frame: Summary) -> None:
        self._check_step(frame.step)
        self._summary_bytes += len(frame.markdown.encode())
        if self._summary_bytes <= SUMMARY_BYTES_MAX:
            self._report.summary(frame.step, frame.markdown)

    def _finish(self, result: JobResult) -> None:
        if self._current is not None or list(result.steps) != self._ended:
            raise ProtocolError("a result of other steps than those that have run")
        self.result = result

    def _take_line(self, line: LogLine) -> None:
        self._check_step(line.step)
        self._check_time(line.at)
        self._write(line.step, line.at, line.text)

    def _write(self, step: StepInfo, at: datetime, text: str) -> None:
        if self._log_bytes_left < 0:
            return
        self._log_bytes_left -= len(text.encode(errors="surrogatepass")) + 1
        if self._log_bytes_left < 0:
            text = "##[error]The log of this job has reached its limit. What comes later is left out."
        self._report.line(LogLine(step, at, text))

    def _check_step(self, step: StepInfo) -> None:
        if step != self._current:
            raise ProtocolError(f"step {step.number} doesn't run now")

    def _check_time(self, at: datetime) -> None:
        if at.tzinfo is None or at - self._now() > _CLOCK_DIFFERENCE_MAX:
            raise ProtocolError("a time in the future")
