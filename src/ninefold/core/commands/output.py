"""Output of commands: tables for people, JSON for programs. Only data is printed on standard output.

All text for people is escaped with `as_plain`: names and descriptions can come from other users, and could contain
terminal control sequences.
"""

import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ninefold.core.commands.tables import GAP_WIDTH, fit_columns

WIDTH_WITHOUT_TERMINAL: Final = 240
"""The width of output to a pipe or a file; a row fits without wrapping its ids."""

_TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
"""As in the API, but without fractions of a second, so that times in a column have the same length."""

_STATE_STYLES: Final = {
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

_CONTROL_PICTURES: Final = 0x2400
"""The Unicode block with a symbol for each ASCII control character, such as `␛` for escape."""

_ESCAPES: Final[dict[int, str | int]] = {
    **{code: _CONTROL_PICTURES + code for code in range(0x20)},
    0x7F: "␡",
    # The C1 control characters, which some terminals interpret.
    **dict.fromkeys(range(0x80, 0xA0), "\N{REPLACEMENT CHARACTER}"),
    # Bidirectional control characters, which change the order of the text around them.
    **dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], "\N{REPLACEMENT CHARACTER}"),
    # Surrogates: bytes of an argument that weren't valid text, and that can't be encoded.
    **dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}"),
}
_ESCAPES_IN_LINES: Final = {code: shown for code, shown in _ESCAPES.items() if code not in {ord("\n"), ord("\t")}}


def as_plain(text: str, *, has_lines: bool = False) -> str:
    """Return a text with visible symbols instead of control characters.

    Args:
        text: any text.
        has_lines: keep line breaks and tabs; for text that Ninefold composed.
    """
    return text.translate(_ESCAPES_IN_LINES if has_lines else _ESCAPES)


def state_text(state: str, *, like: str | None = None) -> Text:
    """Return a state with an icon and a colour; colour is never the only difference.

    Args:
        state: the words to show.
        like: the state whose icon and colour are used, for words that only one system has.
    """
    icon, style = _STATE_STYLES.get(like or state, ("·", ""))
    return Text(f"{icon} {as_plain(state)}", style=style)


def print_json(value: object) -> None:
    """Print a value as indented JSON on standard output."""
    print_json_text(msgspec.json.encode(value))


def print_json_text(content: bytes) -> None:
    """Print JSON text with indentation on standard output; numbers and strings keep their exact spelling."""
    try:
        text = msgspec.json.format(content, indent=2)
    except RecursionError:
        # Nested too deeply to be indented.
        text = content
    sys.stdout.buffer.write(text + b"\n")
    sys.stdout.flush()


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str, whole: Collection[str] = ()
) -> None:
    """Print rows as a table on standard output.

    Args:
        columns: the headings.
        rows: the cells. A rich `Text` is unchanged, a time is shown in UTC to the second, None as a dash, any other
            value by `str`. If the terminal is too narrow, each row is shown as a list of names and values.
        empty: printed on standard error if there are no rows: the first step, as a command to copy.
        whole: the headings of columns whose words aren't broken, unless they are wider than the terminal, such as URLs.
    """
    if not rows:
        print_note(empty)
        return
    console = _console(stderr=False)
    cells = [[_cell(value) for value in row] for row in rows]
    widths = fit_columns(
        [[column, *[row[index].plain for row in cells]] for index, column in enumerate(columns)],
        width_max=console.width,
        whole=[index for index, column in enumerate(columns) if column in whole],
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
    """Print an object as a list of names and values on standard output."""
    _console(stderr=False).print(_fields_table(fields, [_cell(value) for value in fields.values()]))


def print_gap() -> None:
    """Print an empty line on standard output, such as between an object and a table of its parts."""
    _console(stderr=False).print()


def print_text(text: str) -> None:
    """Print lines of text as data on standard output."""
    _console(stderr=False).print(Text(as_plain(text, has_lines=True)), soft_wrap=True)


def print_note(text: str) -> None:
    """Print a message that isn't data on standard error."""
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
    # Created for each use, because it reads the stream and its width when it is created.
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else WIDTH_WITHOUT_TERMINAL
    return Console(file=stream, width=width, highlight=False)
