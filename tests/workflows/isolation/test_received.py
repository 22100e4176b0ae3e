"""What the process inside can say, and what ends it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from ninefold.systems.workflows.execution.report import (
    Annotation,
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
from ninefold.systems.workflows.isolation.received import ProtocolError, ReceivedReport
from workflow_jobs import RecordedJob

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
STEP = StepInfo(1, "__set_up", "Set up job")
OTHER = StepInfo(1, "deploy", "Deploy")
NEXT = StepInfo(2, "build", "Build")
BEGUN = StepStarted(STEP, NOW)


def step_result(step: StepInfo = STEP, at: datetime = NOW) -> StepResult:
    return StepResult(step=step, outcome="success", conclusion="success", started_at=at, ended_at=NOW)


def job_result(*steps: StepResult) -> JobResult:
    return JobResult(conclusion="success", outputs={}, steps=steps)


def receive(*frames: Frame, log_bytes_max: int = 1000) -> tuple[ReceivedReport, RecordedJob]:
    record = RecordedJob()
    received = ReceivedReport(record, steps_max=3, log_bytes_max=log_bytes_max, now=lambda: NOW)
    for frame in frames:
        received.take(frame)
    return received, record


def test_what_a_job_says_in_order_is_passed_on() -> None:
    line = LogLine(STEP, NOW, "hello")
    received, record = receive(BEGUN, Line(line), StepEnded(step_result()), Ended(job_result(step_result())))
    assert received.result == job_result(step_result())
    assert (record.started, record.log, record.ended) == (["Set up job"], [line], [step_result()])


@pytest.mark.parametrize(
    "frames",
    [
        [Line(LogLine(STEP, NOW, "before the step"))],
        [BEGUN, Line(LogLine(OTHER, NOW, "in another's name"))],
        [BEGUN, Line(LogLine(STEP, NOW + timedelta(days=1), "tomorrow"))],
        [BEGUN, Line(LogLine(STEP, NOW.replace(tzinfo=None), "no time zone"))],
        [BEGUN, BEGUN],
        [BEGUN, StepStarted(NEXT, NOW)],
        [StepStarted(NEXT, NOW)],
        [StepStarted(StepInfo(1, "x", "x" * 70_000), NOW)],
        [BEGUN, StepEnded(step_result(OTHER))],
        [BEGUN, StepEnded(step_result(at=NOW - timedelta(days=1)))],
        [BEGUN, Annotated(Annotation(step=OTHER, level="error", message="forged"))],
        [BEGUN, Summary(OTHER, "# Forged")],
        [BEGUN, Ended(job_result())],
        [Ended(job_result(step_result()))],
        [BEGUN, StepEnded(step_result()), Ended(job_result())],
        [Ended(job_result()), BEGUN],
    ],
    ids=str,
)
def test_what_it_cant_say_ends_it(frames: Sequence[Frame]) -> None:
    with pytest.raises(ProtocolError):
        receive(*frames)


def test_more_steps_than_the_job_has_end_it() -> None:
    steps = [StepInfo(number, "x", "x") for number in range(1, 5)]
    frames = [frame for step in steps for frame in (StepStarted(step, NOW), StepEnded(step_result(step)))]
    with pytest.raises(ProtocolError, match="step 4"):
        receive(*frames)


def test_what_is_too_much_is_left_out() -> None:
    annotations = [Annotated(Annotation(step=STEP, level="error", message="x"))] * 12
    _, record = receive(
        BEGUN,
        *annotations,
        Summary(STEP, "x" * 1_000_000),
        Summary(STEP, "x" * 100_000),
        *[Line(LogLine(STEP, NOW, "x" * 400))] * 4,
    )
    assert (len(record.annotations), len(record.summaries), len(record.log)) == (10, 1, 3)
    assert record.log[-1].text.startswith("##[error]The log of this job has reached its limit")


def test_a_job_that_ends_without_a_result_says_why() -> None:
    received, record = receive(BEGUN)
    result = received.give_up("failure", "It was ended.")
    assert (result.conclusion, [each.conclusion for each in result.steps]) == ("failure", ["failure"])
    assert record.log[-1].text == "##[error]It was ended."
