"""How values are compared and converted: almost JavaScript's rules, but texts ignore the case."""

import operator
from collections.abc import Callable
from typing import Final

from ninefold.systems.workflows.expressions.numbers import parse_number
from ninefold.systems.workflows.model.values import Object, Value, fold

_NAN: Final = float("nan")


def is_truthy(value: Value) -> bool:
    """Return whether a value counts as true: all but null, false, 0, NaN and the empty text."""
    if isinstance(value, float):
        return value == value and value != 0  # noqa: PLR0124 (only NaN differs from itself)
    return isinstance(value, list | Object) or bool(value)


def is_primitive(value: Value) -> bool:
    """Return whether a value is neither an Array nor an Object."""
    return not isinstance(value, list | Object)


def to_number(value: Value) -> float:
    """Return a value as a number: null is 0, true 1, Arrays, Objects and other texts NaN."""
    if isinstance(value, str):
        number = parse_number(value)
        return _NAN if number is None else number
    if value is None:
        return 0.0
    return float(value) if isinstance(value, bool | float | int) else _NAN


def equal(left: Value, right: Value) -> bool:
    """Return `left == right`. Arrays and Objects are equal only to themselves."""
    if isinstance(left, list | Object) or isinstance(right, list | Object):
        return left is right
    return _compare(operator.eq, left, right)


def less(left: Value, right: Value) -> bool:
    """Return `left < right`."""
    return _compare(operator.lt, left, right)


def greater(left: Value, right: Value) -> bool:
    """Return `left > right`."""
    return _compare(operator.gt, left, right)


def _compare(relation: Callable[[str | float, str | float], bool], left: Value, right: Value) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return relation(fold(left), fold(right))
    if left is None and right is None:
        return relation is operator.eq
    if not is_primitive(left) or not is_primitive(right):
        return False
    return relation(to_number(left), to_number(right))
