"""What commands print: tables for people, JSON for machines, and nothing but data on standard output.

Whatever people see passes `as_plain`: names and descriptions come from others, and a terminal obeys what it is sent.
"""

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

_SYMBOLS: Final = 0x2400
"""Where Unicode has a picture for each control character of ASCII: `␛` for escape."""

_UNSEEN: Final[dict[int, str | int]] = {
    **{code: _SYMBOLS + code for code in range(0x20)},
    0x7F: "␡",
    # The second set of control characters, which some terminals obey as well.
    **dict.fromkeys(range(0x80, 0xA0), "\N{REPLACEMENT CHARACTER}"),
    # Those that turn the order of what stands around them.
    **dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], "\N{REPLACEMENT CHARACTER}"),
    # Bytes of an argument that weren't text; no encoding can write them.
    **dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}"),
}
_UNSEEN_IN_LINES: Final = {code: shown for code, shown in _UNSEEN.items() if code not in {ord("\n"), ord("\t")}}


def as_plain(text: str, *, has_lines: bool = False) -> str:
    """Return a text with a picture in place of whatever a terminal would obey.

    Args:
        text: from anywhere.
        has_lines: keep the ends of lines, and tabs; for what we have composed ourselves.
    """
    return text.translate(_UNSEEN_IN_LINES if has_lines else _UNSEEN)


def state_text(state: str) -> Text:
    """Return a state with its icon and its colour; never the colour alone."""
    icon, style = _STATE_LOOKS.get(state, ("·", ""))
    return Text(f"{icon} {as_plain(state)}", style=style)


def print_json(value: object) -> None:
    """Print a value as indented JSON on standard output."""
    print_json_text(msgspec.json.encode(value))


def print_json_text(content: bytes) -> None:
    """Print JSON text with indentation on standard output; each number and each string stays as it was written."""
    try:
        text = msgspec.json.format(content, indent=2)
    except RecursionError:
        # Nested too deeply to be indented, and readable for nobody but a machine.
        text = content
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
    _console(stderr=True).print(Text(as_plain(text, has_lines=True)), soft_wrap=True)


def _cell(value: object) -> RenderableType:
    if isinstance(value, Text):
        return value
    return Text("-" if value is None else as_plain(str(value)))


def _console(*, stderr: bool) -> Console:
    # Made for each use, because it looks at the stream and its width when it is made.
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else WIDTH_WITHOUT_TERMINAL
    return Console(file=stream, width=width, highlight=False)
