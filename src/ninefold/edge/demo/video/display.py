"""What `ninefold demo video` shows: upload, ladder and player while they go on, and at the end what was measured."""

from typing import Any, Final

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from ninefold.core.commands import as_plain
from ninefold.edge.demo.video.clip import SECONDS
from ninefold.edge.demo.video.summary import VideoSummary
from ninefold.edge.demo.video.watching import Watched

BAR_WIDTH: Final = 48
_CELLS: Final = {"r": ("█", "green"), "e": ("▒", "blue"), "a": ("▒", "yellow"), "q": ("░", "dim"), "f": ("✗", "red")}
_WORDS: Final = {"r": "ready", "e": "encoding", "a": "again", "q": "queued"}


class VideoView:
    """The upload, the ladder and the player in a terminal, and a line for each change elsewhere."""

    title: Final = "Ninefold demo: video"

    def __init__(self) -> None:
        self._described = ""

    def draw(self, shown: Watched, console: Console) -> RenderableType:
        """Return the bars."""
        del console
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
        table.add_row(
            "upload", _bar(shown.sent / shown.size, "cyan"), f"{shown.sent / 1e6:.1f} of {shown.size / 1e6:.1f} MB"
        )
        for rung in reversed(shown.ladder["rungs"]):
            table.add_row(rung["name"], _cells(rung, shown.ladder), f"ready until {rung['ready_until_s']:.0f} s")
        table.add_row("player", _head(shown), _player(shown))
        legend = Text("   ").join(
            Text.assemble((_CELLS[key][0], _CELLS[key][1]), f" {word}") for key, word in _WORDS.items()
        )
        return Group(table, Text(), legend)

    def describe(self, shown: Watched) -> str | None:
        """Return how far it is, if the state of a chunk has changed since the last time."""
        states = " ".join(f"{rung['name']} {rung['states'] or '-'}" for rung in shown.ladder["rungs"])
        if states == self._described or not states:
            return None
        self._described = states
        return f"{states}; played {shown.head_s:.0f} s of {shown.buffered_until_s:.0f} s loaded"


def print_summary(console: Console, summary: VideoSummary) -> None:
    """Print the ladder with its scores, what the player saw, and whether all of it is as it must be."""
    console.print()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("quality", "size", "kbit/s", "VMAF", "segments", "frames", "gaps", "played"):
        table.add_column(name, justify="left" if name in {"quality", "size"} else "right")
    for rung in summary.rungs:
        table.add_row(
            rung.name,
            rung.size or "",
            "" if rung.bitrate_mean is None else f"{rung.bitrate_mean / 1000:,.0f}",
            "" if rung.vmaf is None else f"{rung.vmaf:.1f}",
            str(rung.segments),
            str(rung.frames),
            str(len(rung.gaps)),
            str(summary.played_rungs.get(rung.name, "")),
        )
    console.print(table)
    console.print()
    for line in _lines(summary):
        console.print(Text(line))
    console.print(_verdict(summary))


def _lines(summary: VideoSummary) -> list[str]:
    after = "never" if summary.picture_after_s is None else f"{summary.picture_after_s:.1f} s after the first bytes"
    stalls = f"stalled {summary.stalls} times ({summary.stalled_s:.1f} s)"
    lines = [
        f"The picture was there {after}, while the upload took {summary.upload_s:.1f} s.",
        f"The player changed the quality {summary.switches} times and {stalls}.",
        f"Killed {', '.join(summary.killed) or 'nothing'} with SIGKILL in the middle.",
    ]
    return lines + [f"  {as_plain(note)}" for note in summary.notes]


def _verdict(summary: VideoSummary) -> Text:
    if not summary.is_complete:
        return Text.assemble(
            ("✗ ", "red"), "It isn't as it must be.", *[f"\n  {as_plain(problem)}" for problem in summary.problems]
        )
    return Text.assemble(
        ("✓ ", "green"),
        f"{SECONDS} s were played to the end in {summary.duration_s:.1f} s, all qualities were ready after "
        f"{summary.ready_s:.1f} s.\n  Each of the {summary.played_frames} frames is in each quality once, and no "
        "timeline has a gap, to the tick.",
    )


def _bar(share: float, style: str) -> Text:
    full = round(BAR_WIDTH * min(share, 1.0))
    return Text.assemble(("█" * full, style), ("░" * (BAR_WIDTH - full), "dim"))


def _cells(rung: dict[str, Any], ladder: dict[str, Any]) -> Text:
    """Return a cell for each twelfth of a chunk's time, in the colour of its state."""
    if rung["kind"] == "audio":
        return _bar(rung["ready_until_s"] / SECONDS, "green")
    text = Text()
    for chunk, state in zip(ladder["chunks"], rung["states"], strict=False):
        begin, end = (
            round(BAR_WIDTH * at / SECONDS) for at in (chunk["start_s"], chunk["start_s"] + chunk["duration_s"])
        )
        cell, style = _CELLS.get(state, _CELLS["q"])
        text.append(cell * max(end - begin - 1, 1) + " ", style)
    return text


def _head(shown: Watched) -> Text:
    at = round((BAR_WIDTH - 1) * min(shown.head_s / SECONDS, 1.0))
    until = max(round((BAR_WIDTH - 1) * min(shown.buffered_until_s / SECONDS, 1.0)), at)
    return Text.assemble(("─" * at, ""), ("▶", "bold"), ("╌" * (until - at), "dim"))


def _player(shown: Watched) -> str:
    if shown.picture_after_s is None:
        return "waits for the first segment"
    stalls = f", {shown.stalls} stalls" if shown.stalls else ""
    return f"{shown.head_s:.0f} s, first picture after {shown.picture_after_s:.1f} s{stalls}"
