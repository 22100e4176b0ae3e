import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from ninefold.edge.demo.display import LiveTable, PlainLines, open_progress, print_summary
from ninefold.edge.demo.standing import Standing, SubscriberSummary, Summary


@pytest.mark.parametrize("width", [60, 100])
def test_live_table_shows_states_with_their_reasons(width: int) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=width)
    with open_progress(console) as progress:
        assert isinstance(progress, LiveTable)
        progress.say("Delivering")
        progress.show([standing(delivered=1, retrying=3), standing(delivered=4), standing(delivered=3, failed=1)])
        shown = render(progress, width=width)

    assert "↻ retrying 3" in shown
    assert "✓ delivered" in shown
    assert "✗ failed 1" in shown
    assert "Delivering" in shown


def test_other_output_gets_plain_lines() -> None:
    console = Console(file=io.StringIO(), width=100)
    with open_progress(console) as progress:
        assert isinstance(progress, PlainLines)
        progress.say("Delivering")
        progress.show([standing(delivered=1, retrying=3)])
        progress.show([standing(delivered=2)])

    lines = output_of(console).splitlines()
    assert [line.split(" s  ")[1] for line in lines] == ["Delivering", "test 1/4 (3 retrying)"]


def test_summary_ends_with_the_verdict() -> None:
    console = Console(file=io.StringIO(), width=120)

    print_summary(console, summary(problems=[]))

    assert "✓ 4 events reached every subscriber" in output_of(console)


def test_summary_names_what_is_missing() -> None:
    console = Console(file=io.StringIO(), width=120)

    print_summary(console, summary(problems=["1 events didn't arrive with the published bytes: evt_1."]))

    shown = output_of(console)
    assert "✗ Not everything arrived" in shown
    assert "test: 1 events didn't arrive with the published bytes: evt_1." in shown


def standing(*, delivered: int, retrying: int = 0, failed: int = 0) -> Standing:
    return Standing(
        name="test",
        story="is tested",
        expected=4,
        delivered=delivered,
        retrying=retrying,
        failed=failed,
        next_attempt_at=datetime.now(UTC) + timedelta(seconds=2) if retrying else None,
        why="answered 500",
        p50_s=0.0101,
        p99_s=1.25,
    )


def summary(*, problems: list[str]) -> Summary:
    part = SubscriberSummary(
        name="test",
        story="is tested",
        expected=4,
        delivered=4 - len(problems),
        attempts=5,
        retried=1,
        latency_p50_ms=10.1,
        latency_p99_ms=1250.0,
        problems=problems,
    )
    return Summary(
        is_complete=not problems,
        payloads="test payloads",
        events=4,
        expected=4,
        delivered=4 - len(problems),
        attempts=5,
        retried=1,
        latency_p50_ms=10.1,
        latency_p99_ms=1250.0,
        duration_s=2.0,
        subscribers=[part],
    )


def render(progress: LiveTable, *, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(progress._render())
    return output_of(console)


def output_of(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
