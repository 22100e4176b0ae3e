"""What commands print: tables for people, JSON for machines, and nothing but data on standard output."""

import sys
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

WIDTH_WITHOUT_TERMINAL: Final = 240
"""A pipe has no width; this one holds a row without folding its ids."""

_STATE_LOOKS: Final = {
    "queued": ("·", "dim"),
    "running": ("▸", "blue"),
    "waiting": ("◦", "cyan"),
    "retrying": ("↻", "yellow"),
    "succeeded": ("✓", "green"),
    "delivered": ("✓", "green"),
    "active": ("✓", "green"),
    "ok": ("✓", "green"),
    "warning": ("!", "yellow"),
    "failed": ("✗", "red"),
    "canceled": ("-", "dim"),
    "revoked": ("-", "dim"),
    "paused": ("-", "dim"),
    "in_doubt": ("?", "yellow"),
}


def state_text(state: str) -> Text:
    """Return a state with its icon and its colour; never the colour alone."""
    icon, style = _STATE_LOOKS.get(state, ("·", ""))
    return Text(f"{icon} {state}", style=style)


def print_json(value: object) -> None:
    """Print a value as indented JSON on standard output."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2)
    sys.stdout.buffer.write(text + b"\n")
    sys.stdout.flush()


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> None:
    """Print rows as a table on standard output.

    Args:
        columns: the headings.
        rows: cells; what isn't a rich renderable is shown by `str`, and None as a dash.
        empty: said on standard error when there are no rows: the first step, as a command to copy.
    """
    if not rows:
        print_note(empty)
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*[_cell(value) for value in row])
    _console(stderr=False).print(table)


def print_fields(fields: Mapping[str, object]) -> None:
    """Print one thing as a list of names and values on standard output."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in fields.items():
        table.add_row(name, _cell(value))
    _console(stderr=False).print(table)


def print_note(text: str) -> None:
    """Tell a person something that isn't data, on standard error."""
    _console(stderr=True).print(text, markup=False, soft_wrap=True)


def _cell(value: object) -> RenderableType:
    if isinstance(value, Text):
        return value
    return Text("-" if value is None else str(value))


def _console(*, stderr: bool) -> Console:
    # Made for each use, because it looks at the stream and its width when it is made.
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else WIDTH_WITHOUT_TERMINAL
    return Console(file=stream, width=width, highlight=False)
