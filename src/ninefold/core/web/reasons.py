"""msgspec's reasons for refusing a value, in plain words: "expected `int`" means nothing to people who write Go."""

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

_WRONG_CHOICE: Final = "Invalid enum value "
_VALUE_SHOWN_MAX: Final = 80


def in_json_words(reason: str, *, choices: Sequence[Any] = ()) -> str:
    """Return a reason in plain words, beginning in lower case, without a full stop.

    Args:
        reason: msgspec's, or Litestar's, which passes msgspec's on.
        choices: the values that were possible, where the type has a list of them.
    """
    if choices and reason.startswith(_WRONG_CHOICE):
        possible = _alternatives([msgspec.json.encode(choice).decode() for choice in choices])
        return f"expected {possible}, got {_shorten(reason.removeprefix(_WRONG_CHOICE))}"
    words = _QUOTED_TYPES.sub(_type_words, _LENGTH.sub(_length_words, reason)).rstrip(".")
    return words[:1].lower() + words[1:]


def _type_words(match: re.Match[str]) -> str:
    return _alternatives([_TYPE_NAMES.get(name, name) for name in match["names"].split(" | ")])


def _length_words(match: re.Match[str]) -> str:
    one, many = _COUNTED[match["type"]]
    unit = one if match["count"] == "1" else many
    return f"{_TYPE_NAMES[match['type']]} of {_LENGTH_BOUNDS[match['bound']]} {int(match['count']):,} {unit}"


def _alternatives(words: Sequence[str]) -> str:
    """Return `a, b or c`."""
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def _shorten(value: str) -> str:
    return value if len(value) <= _VALUE_SHOWN_MAX else f"{value[:_VALUE_SHOWN_MAX]}…"
