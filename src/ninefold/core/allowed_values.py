"""Finds the values that an enum or a literal allows: msgspec's error for another value doesn't list them."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec.inspect

# `.name` of a field, or `[3]` and `[...]` of an item.
_SEGMENT: Final = re.compile(r"\.(?P<name>\w+)|\[[^]]*\]")


def allowed_values_at(kind: Any, path: str = "") -> list[Any]:
    """Return the values that the enums and literals at a path inside a type allow; empty if there are none.

    Args:
        kind: what msgspec decodes into.
        path: in msgspec's form, such as `.parts[0].colour`; empty for the type itself.
    """
    segments = [match["name"] for match in _SEGMENT.finditer(path)]
    return [value for found in _find(msgspec.inspect.type_info(kind), segments) for value in found]


def _find(info: msgspec.inspect.Type, segments: Sequence[str | None]) -> Iterator[Sequence[Any]]:
    for plain in _alternatives(info):
        if segments:
            for inner in _inside(plain, segments[0]):
                yield from _find(inner, segments[1:])
        elif isinstance(plain, msgspec.inspect.EnumType):
            yield [member.value for member in plain.cls]
        elif isinstance(plain, msgspec.inspect.LiteralType):
            yield plain.values


def _alternatives(info: msgspec.inspect.Type) -> Iterator[msgspec.inspect.Type]:
    match info:
        case msgspec.inspect.Metadata():
            yield from _alternatives(info.type)
        case msgspec.inspect.UnionType():
            for alternative in info.types:
                yield from _alternatives(alternative)
        case _:
            yield info


def _inside(info: msgspec.inspect.Type, name: str | None) -> list[msgspec.inspect.Type]:
    match info:
        case msgspec.inspect.StructType():
            return [field.type for field in info.fields if field.encode_name == name]
        case msgspec.inspect.CollectionType():
            return [info.item_type]
        case msgspec.inspect.DictType():
            return [info.value_type]
        case _:
            return []
