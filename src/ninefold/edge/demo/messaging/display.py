"""What `ninefold demo messaging` shows: the channel and the devices, and at the end the timeline and the proof."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from ninefold.core.commands import as_plain
from ninefold.edge.demo.messaging.api import Talker
from ninefold.edge.demo.messaging.copies import ChannelCopy
from ninefold.edge.demo.messaging.devices import Device
from ninefold.edge.demo.messaging.summary import MessagingSummary, TimelineLine, make_line, make_timeline
from ninefold.edge.simulation.network import Network

LINES_SHOWN: Final = 14
WIDTH_WITH_DEVICES_MIN: Final = 100
_COUNTED: Final = ("sent", "lost", "late", "duplicated", "cut", "sent again")
_AUTHOR_WIDTH: Final = 7


class Watched(NamedTuple):
    """What is shown while they talk."""

    copy: ChannelCopy
    """The copy of the device whose screen is shown."""
    talkers: Sequence[Talker]
    devices: Mapping[str, Device]
    network: Network


class ChannelView:
    """The channel and its devices in a terminal, and a line for each new message elsewhere."""

    title: Final = "Ninefold demo: messaging"

    def __init__(self) -> None:
        self._described = 0

    def draw(self, shown: Watched, console: Console) -> RenderableType:
        """Return the last messages, with the devices next to them."""
        lines = [_line(line) for line in make_timeline(shown.copy, shown.talkers)]
        channel = Text("\n").join(lines[-LINES_SHOWN:])
        if console.width < WIDTH_WITH_DEVICES_MIN:
            return channel
        grid = Table.grid(padding=(0, 4, 0, 0), expand=True)
        grid.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        grid.add_column(no_wrap=True)
        grid.add_row(channel, _devices(shown))
        return grid

    def describe(self, shown: Watched) -> str | None:
        """Return the latest message, if it is new."""
        latest = max(shown.copy.messages, default=0)
        if latest <= self._described:
            return None
        self._described = latest
        line = make_line(shown.copy.messages[latest], shown.talkers)
        return f"{'  ↳ ' if line.is_reply else ''}{line.author}: {as_plain(line.text)}"


def print_summary(console: Console, summary: MessagingSummary) -> None:
    """Print the timeline, and whether all devices and counts are right."""
    console.print()
    for line in summary.timeline:
        console.print(_line(line))
    console.print()
    logs = _table("device", "entries", "SHA-256 of its log")
    for name, proof in summary.logs.items():
        logs.add_row(name, str(proof.entries), proof.sha256[:32])
    console.print(logs)
    console.print()
    counts = _table("member", "read to", "unread", "recounted", "mentions", "recounted")
    for each in summary.unread:
        numbers = (
            each.read_sequence,
            each.unread,
            each.recounted_unread,
            each.mentions,
            each.recounted_mentions,
        )
        counts.add_row(each.member, *[str(number) for number in numbers])
    console.print(counts)
    console.print()
    network = ", ".join(f"{summary.network.get(name, 0)} {name}" for name in _COUNTED)
    console.print(Text(f"Messages on the network: {network}."))
    if summary.pause_s is not None:
        killed = ", ".join(summary.killed)
        console.print(Text(f"Killed {killed}; the next message was committed {summary.pause_s:.1f} s later."))
    if summary.offline_s is not None:
        console.print(Text(f"One device had no network for {summary.offline_s:.1f} s."))
    console.print(_verdict(summary))


def _verdict(summary: MessagingSummary) -> Text:
    if summary.is_complete:
        return Text.assemble(
            ("✓ ", "green"),
            f"{len(summary.timeline)} messages in {summary.duration_s:.1f} s, and every device holds exactly the "
            "committed log.\n"
            f"  Nothing is missing, nothing came twice, and all {summary.recounted} unread counts equal the recount.",
        )
    lines = [f"\n  {problem}" for problem in summary.problems]
    return Text.assemble(("✗ ", "red"), "The devices aren't as they should be.", *lines)


def _devices(shown: Watched) -> Table:
    table = _table("device", "entries", "outbox")
    for name, device in shown.devices.items():
        mark = Text.assemble(("● ", "green"), name) if device.is_online else Text(f"○ {name}", style="dim")
        table.add_row(mark, str(device.copy.last_sequence), str(device.pending or ""))
    for name in _COUNTED:
        table.add_row(Text(f"{shown.network.counts[name]:5} {name}", style="dim"))
    return table


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for number, name in enumerate(names):
        table.add_column(name, justify="right" if number and "SHA" not in name else "left", no_wrap=True)
    return table


def _line(line: TimelineLine) -> Text:
    reactions = "".join(f"  :{emoji}: {count}" for emoji, count in line.reactions.items())
    return Text.assemble(
        (f"{line.at[11:19]} ", "dim"),
        "   ↳ " if line.is_reply else "",
        (f"{line.author:{_AUTHOR_WIDTH}}", "bold"),
        as_plain(line.text),
        (" (edited)" if line.is_edited else "", "dim"),
        (reactions, "yellow"),
    )
