"""What `ninefold demo` shows: the status of each subscriber, and the summary at the end."""

import math
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from ninefold.core.commands import state_text
from ninefold.edge.demo.status import SubscriberStatus, Summary

LINE_INTERVAL_S: Final = 2.0
BAR_WIDTH: Final = 12
WIDTH_WITH_BAR_MIN: Final = 90
WIDTH_WITH_STORY_MIN: Final = 80
DURATION_WIDTH: Final = len("999 ms")


class SubscribersView:
    """The status of each subscriber: a table in a terminal, and a line every few seconds elsewhere."""

    title: Final = "Ninefold demo"

    def __init__(self) -> None:
        self._described_at = -math.inf

    def draw(self, shown: Sequence[SubscriberStatus], console: Console) -> RenderableType:
        """Return a table with a row for each subscriber."""
        has_bar = console.width >= WIDTH_WITH_BAR_MIN
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        table.add_column("subscriber", no_wrap=True)
        if has_bar:
            table.add_column("", no_wrap=True)
        table.add_column("delivered", justify="right", no_wrap=True)
        for column in ("p50", "p99"):
            # Wide enough for later values, so that the columns don't move.
            table.add_column(column, justify="right", no_wrap=True, min_width=DURATION_WIDTH)
        table.add_column("state")
        for status in shown:
            table.add_row(
                status.name,
                *([_bar(status)] if has_bar else []),
                f"{status.delivered}/{status.expected}",
                _duration(None if status.p50_s is None else status.p50_s * 1000),
                _duration(None if status.p99_s is None else status.p99_s * 1000),
                _state(status).append(f"\n{_explain(status)}\n", style="dim"),
            )
        return table

    def describe(self, shown: Sequence[SubscriberStatus]) -> str | None:
        """Return a line with all subscribers, at most once per `LINE_INTERVAL_S`."""
        if time.monotonic() - self._described_at < LINE_INTERVAL_S:
            return None
        self._described_at = time.monotonic()
        parts = [
            f"{status.name} {status.delivered}/{status.expected}"
            + (f" ({status.retrying} retrying)" if status.retrying else "")
            + (f" ({status.waiting} waiting)" if status.waiting else "")
            for status in shown
        ]
        return "  ".join(parts)


def print_summary(console: Console, summary: Summary) -> None:
    """Print the outcome, and what went wrong, if anything did."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("subscriber", no_wrap=True)
    for column in ("delivered", "attempts", "retried", "p50", "p99"):
        table.add_column(column, justify="right", no_wrap=True)
    has_story = console.width >= WIDTH_WITH_STORY_MIN
    if has_story:
        table.add_column("what it did", style="dim")
    for part in summary.subscribers:
        table.add_row(
            part.name,
            f"{part.delivered}/{part.expected}",
            str(part.attempts),
            str(part.retried),
            _duration(part.latency_p50_ms),
            _duration(part.latency_p99_ms),
            *([part.story] if has_story else []),
        )
    table.add_row(
        Text("all", style="bold"),
        f"{summary.delivered}/{summary.expected}",
        str(summary.attempts),
        str(summary.retried),
        _duration(summary.latency_p50_ms),
        _duration(summary.latency_p99_ms),
    )
    console.print()
    console.print(table)
    console.print()
    console.print(_verdict(summary))


def _verdict(summary: Summary) -> Text:
    if summary.is_complete:
        return Text.assemble(
            ("✓ ", "green"),
            f"{summary.events} events reached every subscriber that wants them, in {summary.duration_s:.1f} s.\n"
            "  Each arrived byte for byte, with a valid signature.",
        )
    lines = [f"\n  {part.name}: {problem}" for part in summary.subscribers for problem in part.problems]
    return Text.assemble(("✗ ", "red"), "Not everything arrived as it was published.", *lines)


def _bar(status: SubscriberStatus) -> Text:
    filled = BAR_WIDTH * status.delivered // status.expected if status.expected else 0
    return Text.assemble(("━" * filled, "green"), ("━" * (BAR_WIDTH - filled), "bright_black"))


def _state(status: SubscriberStatus) -> Text:
    if status.failed:
        return state_text("failed").append(f" {status.failed}")
    if status.waiting:
        return state_text("waiting").append(f" {status.waiting}, {(status.waiting_reason or '').replace('_', ' ')}")
    if status.retrying:
        text = state_text("retrying").append(f" {status.retrying}")
        if status.next_attempt_at is not None:
            wait_s = max(0.0, (status.next_attempt_at - datetime.now(UTC)).total_seconds())
            text.append(f", next in {wait_s:.0f} s")
        return text
    if status.expected and status.delivered == status.expected:
        return state_text("delivered")
    return state_text("running")


def _explain(status: SubscriberStatus) -> str:
    return f"{status.story}: {status.why}" if status.why else status.story


def _duration(milliseconds: float | None) -> str:
    if milliseconds is None:
        return "-"
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"  # noqa: PLR2004
