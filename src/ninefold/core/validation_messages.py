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

_PATTERN: Final = re.compile(r"(?P<start>.*`str(?: \| null)?`) matching regex .*", re.DOTALL)
_TIMES: Final = {
    "Invalid RFC3339 encoded date": "expected a date such as 2026-11-23",
    "Invalid RFC3339 encoded datetime": "expected a time such as 2026-11-23T17:00:00Z",
    "Invalid RFC3339 encoded time": "expected a time of day such as 17:00:00",
}

_INVALID_ENUM_VALUE: Final = "Invalid enum value "
_WRONG_TYPE: Final = re.compile(r"Expected `(?P<names>[a-z |]+)`, got `(?P<got>[a-z]+)`")
_VALUE_SHOWN_MAX: Final = 80


def in_plain_words(message: str, *, allowed_values: Sequence[Any] = (), pattern_words: str | None = None) -> str:
    """Return a validation message in plain words, starting in lower case, without a full stop.

    Args:
        message: msgspec's message, which Litestar passes on unchanged.
        allowed_values: the values that the type allows, if it is an enum or a literal.
        pattern_words: what the pattern of a text is in words, if somebody has said it.
    """
    if allowed_values and message.startswith(_INVALID_ENUM_VALUE):
        return f"expected {_any_of(allowed_values)}, got {shorten(message.removeprefix(_INVALID_ENUM_VALUE))}"
    if match := _WRONG_TYPE.fullmatch(message):
        return _wrong_type(match, allowed_values)
    if message in _TIMES:
        return _TIMES[message]
    if pattern_words and _PATTERN.fullmatch(message):
        return f"expected {pattern_words}"
    words = _QUOTED_TYPES.sub(_type_words, _LENGTH.sub(_length_words, message)).rstrip(".")
    return words[:1].lower() + words[1:]


def _wrong_type(match: re.Match[str], allowed_values: Sequence[Any]) -> str:
    names = dict(_TYPE_NAMES)
    if allowed_values and all(isinstance(value, str) for value in allowed_values):
        names["str"] = _any_of(allowed_values)
    expected = alternatives([names.get(name, name) for name in match["names"].split(" | ")])
    return f"expected {expected}, got {_TYPE_NAMES.get(match['got'], match['got'])}"


def _any_of(values: Sequence[Any]) -> str:
    return alternatives([msgspec.json.encode(value).decode() for value in values])


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
