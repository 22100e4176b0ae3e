"""Gives a form's values the shape that a type expects: a form can't say whether a field is a list, or is unset.

- A list takes a single value, repeated fields, and numbered ones: `tags=a`, `tags=a&tags=b`, `tags[1]=b&tags[0]=a`.
- An optional number, boolean or time takes an empty field as null.
- A boolean takes `on`, as browsers send a checkbox.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec.inspect

_BOOLEANS: Final = {"on": "true", "off": "false"}
_TEXT_TYPES: Final = (msgspec.inspect.StrType, msgspec.inspect.AnyType, msgspec.inspect.RawType)


def shape_form(value: Any, info: msgspec.inspect.Type) -> Any:
    """Return a form's value with the shape of a type; what doesn't fit is left as it is, for the decoder to refuse.

    Args:
        value: text, a file, a list, or a mapping of them.
        info: the type, from `msgspec.inspect.type_info`.
    """
    alternatives = _alternatives(info)
    if value == "" and _is_null_possible(alternatives):
        return None
    for alternative in alternatives:
        match alternative:
            case msgspec.inspect.StructType() if isinstance(value, Mapping):
                kinds = {field.encode_name: field.type for field in alternative.fields}
                return {name: shape_form(item, kinds[name]) if name in kinds else item for name, item in value.items()}
            case msgspec.inspect.DictType() if isinstance(value, Mapping):
                return {name: shape_form(item, alternative.value_type) for name, item in value.items()}
            case msgspec.inspect.CollectionType():
                return [shape_form(item, alternative.item_type) for item in _items(value)]
            case msgspec.inspect.BoolType() if isinstance(value, str):
                return _BOOLEANS.get(value, value)
    return value


def _alternatives(info: msgspec.inspect.Type) -> list[msgspec.inspect.Type]:
    match info:
        case msgspec.inspect.Metadata():
            return _alternatives(info.type)
        case msgspec.inspect.UnionType():
            return [inner for each in info.types for inner in _alternatives(each)]
        case _:
            return [info]


def _is_null_possible(alternatives: list[msgspec.inspect.Type]) -> bool:
    """Return whether an empty field means null: not where empty text is a value."""
    has_null = any(isinstance(each, msgspec.inspect.NoneType) for each in alternatives)
    return has_null and not any(isinstance(each, _TEXT_TYPES) for each in alternatives)


def _items(value: Any) -> list[Any]:
    if isinstance(value, Mapping) and all(key.isdecimal() for key in value):
        return [value[key] for key in sorted(value, key=int)]
    return value if isinstance(value, list) else [value]
