import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from ninefold.edge.demo.display import SubscribersView, print_summary
from ninefold.edge.demo.progress import LiveView, PlainLines, open_progress
from ninefold.edge.demo.status import SubscriberStatus, SubscriberSummary, Summary
from ninefold.edge.demo.subscribers import BEHAVIOURS


@pytest.mark.parametrize("width", [60, 100])
def test_the_live_table_shows_states_with_their_reasons(width: int) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=width)
    with open_progress(console, SubscribersView()) as progress:
        assert isinstance(progress, LiveView)
        progress.say("Delivering")
        progress.show(
            [
                status(delivered=1, retrying=3),
                status(delivered=1, waiting=3),
                status(delivered=4),
                status(delivered=3, failed=1),
            ]
        )
        shown = render(progress, width=width)

    assert "↻ retrying 3, next in" in shown
    assert "waiting 3, circuit" in " ".join(shown.split())
    assert "is tested: answered 500" in " ".join(shown.split())
    assert "✓ delivered" in shown
    assert "✗ failed 1" in shown
    assert "Delivering" in shown


@pytest.mark.parametrize("width", [60, 80])
def test_nothing_is_truncated_in_a_narrow_terminal(width: int) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=width)
    with LiveView(console, SubscribersView()) as progress:
        progress.show(
            [
                status(name=behaviour.name, story=behaviour.story, delivered=1, retrying=3, why="connect failed")
                for behaviour in BEHAVIOURS
            ]
        )
        live = render(progress, width=width)
    print_summary(console, summary(problems=[], story="fails a third once", events=10_000))

    shown = [live, output_of(console)]
    assert not any("…" in text for text in shown)
    assert all(behaviour.name in live for behaviour in BEHAVIOURS)


def test_the_summary_has_one_line_for_each_subscriber_in_80_columns() -> None:
    console = Console(file=io.StringIO(), width=80)

    for behaviour in BEHAVIOURS:
        print_summary(console, summary(problems=[], story=behaviour.story, events=255))

    lines = output_of(console).splitlines()
    assert [1] * len(BEHAVIOURS) == [sum(behaviour.story in line for line in lines) for behaviour in BEHAVIOURS]
    assert len(lines) == len(BEHAVIOURS) * len(["", "head", "test", "all", "", "verdict", "signature"])


def test_output_that_is_no_terminal_gets_plain_lines() -> None:
    console = Console(file=io.StringIO(), width=100)
    with open_progress(console, SubscribersView()) as progress:
        assert isinstance(progress, PlainLines)
        progress.say("Delivering")
        progress.show([status(delivered=1, retrying=3)])
        progress.show([status(delivered=2)])

    lines = output_of(console).splitlines()
    assert [line.split(" s  ")[1] for line in lines] == ["Delivering", "test 1/4 (3 retrying)"]


def test_the_summary_ends_with_the_result() -> None:
    console = Console(file=io.StringIO(), width=120)

    print_summary(console, summary(problems=[]))

    assert "✓ 4 events reached every subscriber" in output_of(console)


def test_the_summary_lists_problems() -> None:
    console = Console(file=io.StringIO(), width=120)

    print_summary(console, summary(problems=["1 events didn't arrive with the published bytes: evt_1."]))

    shown = output_of(console)
    assert "✗ Not everything arrived" in shown
    assert "test: 1 events didn't arrive with the published bytes: evt_1." in shown


def status(
    *,
    delivered: int,
    retrying: int = 0,
    waiting: int = 0,
    failed: int = 0,
    name: str = "test",
    story: str = "is tested",
    why: str = "answered 500",
) -> SubscriberStatus:
    return SubscriberStatus(
        name=name,
        story=story,
        expected=4,
        delivered=delivered,
        retrying=retrying,
        waiting=waiting,
        waiting_reason="circuit_open" if waiting else None,
        failed=failed,
        next_attempt_at=datetime.now(UTC) + timedelta(seconds=2) if retrying else None,
        why=why if retrying else "",
        p50_s=0.0101,
        p99_s=1.25,
    )


def summary(*, problems: list[str], story: str = "is tested", events: int = 4) -> Summary:
    part = SubscriberSummary(
        name="test",
        story=story,
        expected=events,
        delivered=events - len(problems),
        attempts=events + 1,
        retried=1,
        latency_p50_ms=10.1,
        latency_p99_ms=1250.0,
        problems=problems,
    )
    return Summary(
        is_complete=not problems,
        payloads="test payloads",
        events=events,
        expected=events,
        delivered=events - len(problems),
        attempts=events + 1,
        retried=1,
        latency_p50_ms=10.1,
        latency_p99_ms=1250.0,
        duration_s=2.0,
        subscribers=[part],
    )


def render(progress: LiveView[Sequence[SubscriberStatus]], *, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(progress._render())
    return output_of(console)


def output_of(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
