import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from ninefold.systems.workflows.commands.local.printing import JsonLines, Terminal
from ninefold.systems.workflows.execution.report import Annotation, JobResult, LogLine, StepInfo, StepResult

AT = datetime(2026, 11, 27, 18, tzinfo=UTC)
STEP = StepInfo(2, "step", "Run make")


class TerminalStream(io.StringIO):
    def isatty(self) -> bool:
        return True


def print_lines(stream: io.StringIO, *lines: str) -> list[str]:
    printer = Terminal(stream).job("build")
    printer.step_started(STEP, AT)
    for line in lines:
        printer.line(LogLine(STEP, AT, line))
    printer.step_ended(
        StepResult(
            step=STEP, outcome="failure", conclusion="success", started_at=AT, ended_at=AT + timedelta(seconds=1.25)
        )
    )
    return stream.getvalue().splitlines()


def test_lines_are_printed_with_their_job_and_groups_are_indented() -> None:
    assert print_lines(
        io.StringIO(), "##[group]Title", "inside", "##[endgroup]", "outside", "##[error]bad", "[command]make"
    ) == [
        "build │ ● Run make",
        "build │   ▸ Title",
        "build │     inside",
        "build │   outside",
        "build │   Error: bad",
        "build │   make",
        "build │ ✗ Run make: failure, but the job continues (1.2 s)",
    ]


@pytest.mark.parametrize(
    ("line", "plain", "styled"),
    [
        ("\x1b[31mred\x1b[0m", "red", "\x1b[31mred\x1b[0m\x1b[0m"),
        ("\x1b[2J\x1b[Hgone", "gone", "gone"),
        ("\x1b]0;title\x07x", "x", "x"),
        ("a\rb\x07", "a␍b␇", "a␍b␇"),
        ("tab\there", "tab\there", "tab\there"),
    ],
)
def test_only_colours_reach_a_terminal_and_nothing_else_is_changed(line: str, plain: str, styled: str) -> None:
    assert print_lines(io.StringIO(), line)[1] == f"build │   {plain}"
    assert print_lines(TerminalStream(), line)[1] == f"\x1b[36mbuild\x1b[0m │   {styled}"


def test_everything_that_happens_is_a_json_object() -> None:
    stream = io.StringIO()
    printer = JsonLines(stream).job("build")
    printer.step_started(STEP, AT)
    printer.line(LogLine(STEP, AT, "text\x1b[0m"))
    printer.annotation(Annotation(step=STEP, level="error", message="bad", file="a.c", line=3))
    printer.summary(STEP, "# Title")
    printer.ended(JobResult(conclusion="success", outputs={"a": "1"}, steps=()))
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [event["type"] for event in events] == ["step_started", "line", "annotation", "summary", "job_ended"]
    assert events[1]["text"] == "text\x1b[0m"
    assert (events[2]["file"], events[2]["line"]) == ("a.c", 3)
    assert events[4]["outputs"] == {"a": "1"}
