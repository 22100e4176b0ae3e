"""The values of expressions: null, Boolean, Number, String, Array and Object.

In Python they are None, bool, float, str, list and `Object`. An int is accepted as a Number.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal, TypeAlias, Union

Kind: TypeAlias = Literal["Null", "Boolean", "Number", "String", "Array", "Object"]
"""The kind of a value, by GitHub's name."""

Value: TypeAlias = Union[bool, float, str, "list[Value]", "Object", None]
"""A value of an expression. It isn't changed after it was created."""

Json: TypeAlias = bool | float | str | Sequence["Json"] | Mapping[str, "Json"] | None
"""What `to_value` accepts: decoded JSON."""

_WHOLE_NUMBER_MAX: Final = 2**63
"""From here on, numbers are written as floats, because readers of JSON have integers of 64 bits."""

# The dotless i and the long s: .NET's ordinal comparison doesn't take them for I and S, as their upper case would.
_WITHOUT_UPPER_CASE: Final = frozenset("\u0131\u017f")


def fold(text: str) -> str:
    """Return a text of the same length, for comparisons that ignore the case as .NET's OrdinalIgnoreCase does."""
    if text.isascii():
        return text.upper()
    return "".join(map(_fold_character, text))


def _fold_character(character: str) -> str:
    upper = character.upper()
    return character if len(upper) != 1 or character in _WITHOUT_UPPER_CASE else upper


class Object(Mapping[str, Value]):
    """An Object: an ordered mapping whose keys ignore the case, and keep that in which they were first written.

    Args:
        items: pairs of key and value; of equal keys, the last value counts, in the first place.
        is_case_sensitive: whether `a` and `A` are two keys, as in the environment of a job on Linux.
    """

    __slots__ = ("_entries", "_is_case_sensitive")

    def __init__(
        self, items: Iterable[tuple[str, Value]] | Mapping[str, Value] = (), *, is_case_sensitive: bool = False
    ) -> None:
        self._is_case_sensitive = is_case_sensitive
        self._entries: dict[str, tuple[str, Value]] = {}
        for key, value in items.items() if isinstance(items, Mapping) else items:
            folded = key if is_case_sensitive else fold(key)
            known = self._entries.get(folded)
            self._entries[folded] = (key if known is None else known[0], value)

    def __getitem__(self, key: str) -> Value:
        return self._entries[key if self._is_case_sensitive else fold(key)][1]

    def __iter__(self) -> Iterator[str]:
        return (key for key, _ in self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"Object({dict(self.items())!r})"

    def lookup(self, key: str, folded: str) -> "list[Value]":
        """Return the value of a key whose `fold` is known, in a list, which is empty if there is none."""
        entry = self._entries.get(key if self._is_case_sensitive else folded)
        return [] if entry is None else [entry[1]]


class FilteredArray(list[Value]):
    """The Array that `.*` returns. A name or key after it is looked up in each of its items."""

    __slots__ = ()


def to_value(data: Json) -> Value:
    """Return decoded JSON as a value, with its mappings as Objects."""
    if isinstance(data, Mapping):
        return data if isinstance(data, Object) else Object((key, to_value(item)) for key, item in data.items())
    if data is None or isinstance(data, str | bool | float):
        return data
    if isinstance(data, int):
        return float(data)
    return [to_value(item) for item in data]


def to_json_data(value: Value) -> Json:
    """Return a value as plain data that can be encoded as JSON: whole numbers as int, NaN and infinities as None."""
    if isinstance(value, Object):
        return {key: to_json_data(item) for key, item in value.items()}
    if isinstance(value, list):
        return [to_json_data(item) for item in value]
    if isinstance(value, float):
        return _number_data(value)
    return value


def _number_data(number: float) -> float | None:
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) < _WHOLE_NUMBER_MAX else number


_KINDS: Final[Mapping[type, Kind]] = {
    type(None): "Null",
    bool: "Boolean",
    float: "Number",
    int: "Number",
    str: "String",
    list: "Array",
    FilteredArray: "Array",
    Object: "Object",
}


def kind_of(value: Value) -> Kind:
    """Return the kind of a value."""
    return _KINDS[type(value)]


def text_of(value: Value) -> str:
    """Return a value as text: null is empty, Arrays and Objects are the name of their kind."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return number_text(value) if isinstance(value, float | int) else kind_of(value)


def number_text(number: float) -> str:
    """Return a number as .NET's format G15 does, with up to 15 digits: `0.1`, `1E+15`, `-Infinity`; -0 is `0`."""
    if number == 0:
        return "0"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return "NaN" if math.isnan(number) else f"{number:.15G}"
