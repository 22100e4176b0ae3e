"""Rewrites msgspec's validation messages without Python's type names: "expected `int`" as "expected an integer"."""

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

_TYPE_NAMES: Final = {
    "str": "a string",
    "int": "an integer",
    "float": "a number",
    "bool": "a boolean",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_QUOTED_TYPES: Final = re.compile(r"`(?P<names>[a-z |]+)`")

_COUNTED: Final = {"str": ("character", "characters"), "array": ("item", "items"), "object": ("field", "fields")}
_LENGTH: Final = re.compile(rf"`(?P<type>{'|'.join(_COUNTED)})` of length (?P<bound>[<>]=|==) (?P<count>\d+)")
_LENGTH_BOUNDS: Final = {"<=": "at most", ">=": "at least", "==": "exactly"}

_INVALID_ENUM_VALUE: Final = "Invalid enum value "
_VALUE_SHOWN_MAX: Final = 80


def in_plain_words(message: str, *, allowed_values: Sequence[Any] = ()) -> str:
    """Return a validation message in plain words, starting in lower case, without a full stop.

    Args:
        message: msgspec's message, which Litestar passes on unchanged.
        allowed_values: the values that the type allows, if it is an enum or a literal.
    """
    if allowed_values and message.startswith(_INVALID_ENUM_VALUE):
        expected = alternatives([msgspec.json.encode(value).decode() for value in allowed_values])
        return f"expected {expected}, got {shorten(message.removeprefix(_INVALID_ENUM_VALUE))}"
    words = _QUOTED_TYPES.sub(_type_words, _LENGTH.sub(_length_words, message)).rstrip(".")
    return words[:1].lower() + words[1:]


def _type_words(match: re.Match[str]) -> str:
    return alternatives([_TYPE_NAMES.get(name, name) for name in match["names"].split(" | ")])


def _length_words(match: re.Match[str]) -> str:
    one, many = _COUNTED[match["type"]]
    unit = one if match["count"] == "1" else many
    return f"{_TYPE_NAMES[match['type']]} of {_LENGTH_BOUNDS[match['bound']]} {int(match['count']):,} {unit}"


def alternatives(words: Sequence[str]) -> str:
    """Return `a, b or c`; there must be at least one."""
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def shorten(value: str) -> str:
    """Return the start of a value that is too long for a message."""
    return value if len(value) <= _VALUE_SHOWN_MAX else f"{value[:_VALUE_SHOWN_MAX]}…"
