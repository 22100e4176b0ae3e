"""Workflow commands in the output of a step: `::name key=value,…::data`, and the older `##[name key=value;…]data`.

Follows actions/runner, `Runner.Common/ActionCommand.cs`.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import msgspec

COMMAND_NAMES: Final = frozenset(
    {
        "add-mask",
        "add-matcher",
        "add-path",
        "debug",
        "echo",
        "endgroup",
        "error",
        "group",
        "notice",
        "remove-matcher",
        "save-state",
        "set-env",
        "set-output",
        "stop-commands",
        "warning",
    }
)

_KEY: Final = "::"
_OLD_PREFIX: Final = "##["

_DATA_ESCAPES: Final = (("%0D", "\r"), ("%0A", "\n"), ("%25", "%"))
_PROPERTY_ESCAPES: Final = (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))
_OLD_ESCAPES: Final = (("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%25", "%"))


class Command(msgspec.Struct, frozen=True):
    """A command: its name in lower case, its properties by lower-case name, and its data; both are unescaped."""

    name: str
    properties: Mapping[str, str]
    data: str


def parse_command(line: str, *, names: Collection[str]) -> Command | None:
    """Return the command in a line, or None if there is none.

    Args:
        line: one line of output, without its end.
        names: the commands that exist, in lower case.
    """
    if _KEY in line and (command := _parse(line.lstrip(), names)):
        return command
    return _parse_old(line, names) if _OLD_PREFIX in line else None


def _parse(line: str, names: Collection[str]) -> Command | None:
    if not line.startswith(_KEY):
        return None
    head, separator, data = line[len(_KEY) :].partition(_KEY)
    name, _, properties = head.partition(" ")
    if not separator or name.lower() not in names:
        return None
    return Command(
        name.lower(), _properties(properties.strip(), ",", _PROPERTY_ESCAPES), _unescape(data, _DATA_ESCAPES)
    )


def _parse_old(line: str, names: Collection[str]) -> Command | None:
    head, separator, data = line.partition(_OLD_PREFIX)[2].partition("]")
    name, _, properties = head.partition(" ")
    if not separator or name.lower() not in names:
        return None
    return Command(name.lower(), _properties(properties, ";", _OLD_ESCAPES), _unescape(data, _OLD_ESCAPES))


def _properties(text: str, separator: str, escapes: Sequence[tuple[str, str]]) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(separator)]
    return {key.lower(): _unescape(value, escapes) for key, _, value in pairs if key and value}


def _unescape(text: str, escapes: Sequence[tuple[str, str]]) -> str:
    for escaped, character in escapes:
        text = text.replace(escaped, character)
    return text
