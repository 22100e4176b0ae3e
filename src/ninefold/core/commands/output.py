"""What commands print: tables for people, JSON for machines, and nothing but data on standard output.

Whatever people see passes `as_plain`: names and descriptions come from others, and a terminal obeys what it is sent.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ninefold.core.commands.tables import GAP_WIDTH, fit_columns

WIDTH_WITHOUT_TERMINAL: Final = 240
"""A pipe has no width; this one holds a row without folding its ids."""

_TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
"""As the API writes times, without the fractions that JSON has; what people read lines up."""

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
    "expired": ("-", "dim"),
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
        rows: cells: a rich `Text` stays what it is, a time is shown in UTC to the second, None as a dash, and the rest
            by `str`. Where the terminal is too narrow for a row, each is shown as a list of names and values.
        empty: said on standard error when there are no rows: the first step, as a command to copy.
    """
    if not rows:
        print_note(empty)
        return
    console = _console(stderr=False)
    cells = [[_cell(value) for value in row] for row in rows]
    widths = fit_columns(
        [[column, *[row[index].plain for row in cells]] for index, column in enumerate(columns)],
        width_max=console.width,
    )
    if widths is None:
        _print_one_by_one(console, columns, cells)
        return
    table = Table(box=None, pad_edge=False, padding=(0, GAP_WIDTH, 0, 0), header_style="bold")
    for column, width in zip(columns, widths, strict=True):
        table.add_column(column, overflow="fold", width=width)
    for row in cells:
        table.add_row(*row)
    console.print(table)


def print_fields(fields: Mapping[str, object]) -> None:
    """Print one thing as a list of names and values on standard output."""
    _console(stderr=False).print(_fields_table(fields, [_cell(value) for value in fields.values()]))


def print_gap() -> None:
    """Print an empty line on standard output, between one thing and what belongs to it."""
    _console(stderr=False).print()


def print_note(text: str) -> None:
    """Tell a person something that isn't data, on standard error."""
    _console(stderr=True).print(Text(as_plain(text, has_lines=True)), soft_wrap=True)


def _print_one_by_one(console: Console, columns: Sequence[str], rows: Sequence[Sequence[Text]]) -> None:
    for index, row in enumerate(rows):
        if index:
            console.print()
        console.print(_fields_table(columns, row))


def _fields_table(names: Iterable[str], values: Iterable[Text]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, GAP_WIDTH, 0, 0), show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in zip(names, values, strict=True):
        table.add_row(name, value)
    return table


def _cell(value: object) -> Text:
    if isinstance(value, Text):
        return value
    if isinstance(value, datetime):
        return Text(value.astimezone(UTC).strftime(_TIME_FORMAT))
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    return Text("-" if value is None else as_plain(str(value)))


def _console(*, stderr: bool) -> Console:
    # Made for each use, because it looks at the stream and its width when it is made.
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else WIDTH_WITHOUT_TERMINAL
    return Console(file=stream, width=width, highlight=False)
