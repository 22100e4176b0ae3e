"""Finds what a type allows where msgspec's error doesn't say it plainly: the values of an enum, a pattern in words.

A pattern has words if `Meta.extra` has them, as `PATTERN_WORDS`.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec.inspect

# `.name` of a field, or `[3]` and `[...]` of an item.
PATTERN_WORDS: Final = "pattern_words"
"""The key in a `Meta.extra` of what its pattern is in words, such as `nine digits`."""

_SEGMENT: Final = re.compile(r"\.(?P<name>\w+)|\[[^]]*\]")


def allowed_values_at(kind: Any, path: str = "") -> list[Any]:
    """Return the values that the enums and literals at a path inside a type allow; empty if there are none.

    Args:
        kind: what msgspec decodes into.
        path: in msgspec's form, such as `.parts[0].colour`; empty for the type itself.
    """
    return [value for found in _find(kind, path) for value in _values(found)]


def pattern_words_at(kind: Any, path: str = "") -> str | None:
    """Return what the pattern of the text at a path inside a type is in words; None if it has none.

    Args:
        kind: what msgspec decodes into.
        path: in msgspec's form, such as `.parts[0].colour`; empty for the type itself.
    """
    for found in _find(kind, path):
        if isinstance(found, msgspec.inspect.Metadata) and PATTERN_WORDS in (found.extra or {}):
            return str((found.extra or {})[PATTERN_WORDS])
    return None


def _find(kind: Any, path: str) -> Iterator[msgspec.inspect.Type]:
    """Return the types that the value at a path can have, each with and without its metadata."""
    segments = [match["name"] for match in _SEGMENT.finditer(path)]
    return _walk(msgspec.inspect.type_info(kind), segments)


def _walk(info: msgspec.inspect.Type, segments: Sequence[str | None]) -> Iterator[msgspec.inspect.Type]:
    for plain in _alternatives(info):
        if not segments:
            yield plain
            continue
        for inner in _inside(plain, segments[0]):
            yield from _walk(inner, segments[1:])


def _values(info: msgspec.inspect.Type) -> Sequence[Any]:
    match info:
        case msgspec.inspect.EnumType():
            return [member.value for member in info.cls]
        case msgspec.inspect.LiteralType():
            return info.values
        case _:
            return ()


def _alternatives(info: msgspec.inspect.Type) -> Iterator[msgspec.inspect.Type]:
    match info:
        case msgspec.inspect.Metadata():
            yield info
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
