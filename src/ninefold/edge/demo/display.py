"""The demo's output: a live table in a terminal, plain lines elsewhere, and the summary at the end."""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ninefold.core.commands import state_text
from ninefold.edge.demo.status import SubscriberStatus, Summary
from ninefold.edge.logo import with_logo

LINE_INTERVAL_S: Final = 2.0
BAR_WIDTH: Final = 12
WIDTH_WITH_BAR_MIN: Final = 90
WIDTH_WITH_STORY_MIN: Final = 80
REFRESH_PER_SECOND: Final = 8
DURATION_WIDTH: Final = len("999 ms")


class Progress(Protocol):
    """Shows the progress of the demo."""

    def say(self, text: str) -> None:
        """Show what is happening now."""
        ...

    def show(self, statuses: Sequence[SubscriberStatus]) -> None:
        """Show the status of each subscriber."""
        ...


def open_progress(console: Console) -> "AbstractContextManager[Progress]":
    """Return a live table for a terminal, and plain lines for anything else."""
    return LiveTable(console) if console.is_terminal else PlainLines(console)


class LiveTable:
    """A table that is redrawn in place."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._now = ""
        self._statuses: Sequence[SubscriberStatus] = ()
        self._started_at = time.monotonic()
        # The table is removed at the end, since the summary replaces it.
        self._live = Live(
            console=console, refresh_per_second=REFRESH_PER_SECOND, get_renderable=self._render, transient=True
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._live.stop()

    def say(self, text: str) -> None:
        """Show what is happening now, above the table."""
        self._now = text

    def show(self, statuses: Sequence[SubscriberStatus]) -> None:
        """Show the status of each subscriber, at the next refresh."""
        self._statuses = statuses

    def _render(self) -> RenderableType:
        elapsed_s = time.monotonic() - self._started_at
        lines = [Text("Ninefold demo", style="bold"), Text(self._now), Text(f"{elapsed_s:.0f} s", style="dim")]
        head = with_logo(lines, step=int(elapsed_s * REFRESH_PER_SECOND))
        table = _status_table(self._statuses, width=self._console.width) if self._statuses else Text()
        return Group(Text(), head, Text(), table)


class PlainLines:
    """A line for each step, and one with the status of the subscribers every few seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started_at = time.monotonic()
        self._shown_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return

    def say(self, text: str) -> None:
        """Print what is happening now."""
        self._console.print(f"{self._elapsed()} {text}", soft_wrap=True, highlight=False)

    def show(self, statuses: Sequence[SubscriberStatus]) -> None:
        """Print the status of each subscriber, at most once per `LINE_INTERVAL_S`."""
        if time.monotonic() - self._shown_at < LINE_INTERVAL_S:
            return
        self._shown_at = time.monotonic()
        parts = [
            f"{status.name} {status.delivered}/{status.expected}"
            + (f" ({status.retrying} retrying)" if status.retrying else "")
            + (f" ({status.waiting} waiting)" if status.waiting else "")
            for status in statuses
        ]
        self.say("  ".join(parts))

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._started_at:5.1f} s "


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


def _status_table(statuses: Sequence[SubscriberStatus], *, width: int) -> Table:
    has_bar = width >= WIDTH_WITH_BAR_MIN
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("subscriber", no_wrap=True)
    if has_bar:
        table.add_column("", no_wrap=True)
    table.add_column("delivered", justify="right", no_wrap=True)
    for column in ("p50", "p99"):
        # Wide enough for later values, so that the columns don't move.
        table.add_column(column, justify="right", no_wrap=True, min_width=DURATION_WIDTH)
    table.add_column("state")
    for status in statuses:
        table.add_row(
            status.name,
            *([_bar(status)] if has_bar else []),
            f"{status.delivered}/{status.expected}",
            _duration(None if status.p50_s is None else status.p50_s * 1000),
            _duration(None if status.p99_s is None else status.p99_s * 1000),
            _state(status).append(f"\n{_explain(status)}\n", style="dim"),
        )
    return table


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
