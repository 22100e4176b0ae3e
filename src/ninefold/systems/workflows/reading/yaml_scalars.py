"""Scalars by the core schema of YAML 1.2: `on` is a text, `010` is ten, `0o10` is eight."""

import re
from typing import Any, Final

from ninefold.systems.workflows.expressions.numbers import parse_number
from ninefold.systems.workflows.model.templates import Position
from ninefold.systems.workflows.reading.problems import Problems

_TAG: Final = "tag:yaml.org,2002:"

_NULLS: Final = frozenset({"", "null", "Null", "NULL", "~"})
_BOOLEANS: Final = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_SPECIAL_FLOATS: Final = {
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_INTEGER: Final = re.compile(r"[-+]?[0-9]+|0x[0-9a-fA-F]+|0o[0-7]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")


# PyYAML has no types.
def read_scalar(event: Any, position: Position, problems: Problems) -> bool | float | str | None:
    """Return the value of a scalar, by its tag if it has one.

    Raises:
        StopReadingError: the tag isn't known, or doesn't fit; `problems` says why.
    """
    text: str = event.value
    if event.tag is None:
        return _plain(text, position, problems) if event.implicit[0] else text
    if event.tag == f"{_TAG}str":
        return text
    return _tagged(text, event, position, problems)


def _plain(text: str, position: Position, problems: Problems) -> bool | float | str | None:
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    number = _number(text, position, problems)
    return text if number is None else number


def _number(text: str, position: Position, problems: Problems) -> float | None:
    if text in _SPECIAL_FLOATS:
        return _SPECIAL_FLOATS[text]
    if not _INTEGER.fullmatch(text) and not _FLOAT.fullmatch(text):
        return None
    number = parse_number(text)
    if number is None:
        raise problems.stop(_invalid(text, position, f"{_TAG}int"))
    return number


def _tagged(text: str, event: Any, position: Position, problems: Problems) -> bool | float | None:
    kind = event.tag.removeprefix(_TAG)
    if kind not in {"bool", "float", "int", "null"}:
        raise problems.stop(f"Unexpected tag '{event.tag}'", position, remedy="Use !!str, !!bool, !!int or !!float.")
    if event.style:
        where = f"on line {position.line} and column {position.column}"
        message = f"The scalar style '{_STYLES[event.style]}' {where} is not valid with the tag '{event.tag}'"
        raise problems.stop(message)
    if kind == "null" and text in _NULLS:
        return None
    if kind == "bool" and text in _BOOLEANS:
        return _BOOLEANS[text]
    number = _number(text, position, problems) if kind in {"float", "int"} else None
    if number is None or (kind == "int" and not _INTEGER.fullmatch(text)):
        raise problems.stop(_invalid(text, position, event.tag))
    return number


_STYLES: Final = {"'": "SingleQuoted", '"': "DoubleQuoted", "|": "Literal", ">": "Folded"}


def _invalid(text: str, position: Position, tag: str) -> str:
    where = f"on line {position.line} and column {position.column}"
    return f"The value '{text}' {where} is invalid for the type '{tag}'"
