"""Index access and object filters: `a.b`, `a['b']`, `a[0]`, `a.*`, `a.*.b`."""

import math
from typing import Final, NamedTuple

from ninefold.systems.workflows.expressions.coercion import is_primitive, to_number
from ninefold.systems.workflows.model.values import FilteredArray, Object, Value, fold, text_of

_INDEX_MAX: Final = 2**31 - 1


class Key(NamedTuple):
    """A key as an index uses it."""

    text: str | None
    """For Objects; None if the key is an Array or an Object."""
    position: int | None
    """For Arrays; None if it can't be the number of an item."""


def make_key(value: Value) -> Key:
    """Return what a value means as a key."""
    number = to_number(value)
    is_index = 0 <= number < _INDEX_MAX + 1  # False for NaN.
    return Key(text_of(value) if is_primitive(value) else None, math.floor(number) if is_index else None)


def get_item(target: Value, key: Key) -> Value:
    """Return `target[key]`, or null if there is no such item; of a filtered Array, those of its items that have one."""
    if isinstance(target, FilteredArray):
        return FilteredArray(found for item in target for found in _found(item, key))
    return next(iter(_found(target, key)), None)


def get_all(target: Value) -> FilteredArray:
    """Return `target.*`: the items of an Array or the values of an Object; of a filtered Array, those of each item."""
    if isinstance(target, FilteredArray):
        return FilteredArray(value for item in target for value in _values(item))
    return FilteredArray(_values(target))


def _found(target: Value, key: Key) -> list[Value]:
    if isinstance(target, Object):
        return target.lookup(key.text, fold(key.text)) if key.text is not None else []
    if isinstance(target, list) and key.position is not None and key.position < len(target):
        return [target[key.position]]
    return []


def _values(target: Value) -> list[Value]:
    if isinstance(target, Object):
        return list(target.values())
    return target if isinstance(target, list) else []
