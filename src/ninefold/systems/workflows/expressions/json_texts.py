"""`toJSON` and `fromJSON`: JSON as GitHub's runner writes and reads it."""

import json
from collections.abc import Iterable
from typing import Final, NoReturn

from ninefold.systems.workflows.errors import ExpressionError
from ninefold.systems.workflows.expressions.memory import TextBuilder
from ninefold.systems.workflows.model.values import Object, Value, number_text

JSON_DEPTH_MAX: Final = 100
"""Nested Arrays and Objects of a JSON text."""

_SEPARATORS: Final = str.maketrans({"\x7f": "\x7f", "\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def write_json(value: Value, text: TextBuilder, *, depth: int = 0) -> None:
    """Append a value as JSON, indented by two spaces."""
    if isinstance(value, Object):
        _write_all("{}", ((f"{_quoted(key)}: ", item) for key, item in value.items()), text, depth=depth)
    elif isinstance(value, list):
        _write_all("[]", (("", item) for item in value), text, depth=depth)
    elif isinstance(value, str):
        text.add(_quoted(value))
    elif value is None or isinstance(value, bool):
        text.add({None: "null", True: "true", False: "false"}[value])
    else:
        text.add(number_text(value))


def _write_all(brackets: str, items: Iterable[tuple[str, Value]], text: TextBuilder, *, depth: int) -> None:
    """Append brackets with items in them, each with its prefix on a line of its own."""
    text.add(brackets[0])
    is_empty = True
    for prefix, value in items:
        text.add(f"{'' if is_empty else ','}\n{'  ' * (depth + 1)}{prefix}")
        write_json(value, text, depth=depth + 1)
        is_empty = False
    text.add(brackets[1] if is_empty else f"\n{'  ' * depth}{brackets[1]}")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).translate(_SEPARATORS)


def read_json(text: str) -> Value:
    """Return the value of a JSON text; of equal keys, the last value counts.

    Raises:
        ExpressionError: it isn't JSON, or is nested too deeply.
    """
    try:
        value: Value = _DECODER.decode(text.strip())
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ExpressionError("evaluation", f"Error parsing fromJson: {reason}") from error
    _check_depth(value)
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} isn't JSON")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=Object, parse_int=float, parse_float=float, parse_constant=_refuse_constant
)


def _check_depth(value: Value) -> None:
    level = [value]
    for _ in range(JSON_DEPTH_MAX):
        level = [child for each in level for child in _children(each)]
        if not level:
            return
    raise ExpressionError("evaluation", f"Error parsing fromJson: more than {JSON_DEPTH_MAX} levels")


def _children(value: Value) -> list[Value]:
    if isinstance(value, Object):
        return list(value.values())
    return value if isinstance(value, list) else []
